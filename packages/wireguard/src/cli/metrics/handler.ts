import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { MetricsFormat } from '../../metrics/options.js'
import { METRICS_CONTENT_TYPES } from '../../metrics/render.js'
import type { Scrapes } from './scrapes.js'

/** Who is answered, and how. */
export interface HandlerRequest {
  readonly scrapes: Scrapes
  /** The format of every answer; undefined: the one that the client asks for. */
  readonly format: MetricsFormat | undefined
  /** Names of this server, which the header `Host` must have; undefined: any. */
  readonly hosts: readonly string[] | undefined
  /** What a client has to know; undefined: nothing. */
  readonly token: string | undefined
  /** Milliseconds in which a client has to take its answer. */
  readonly answerTimeout: number
  /** Called with an error that is a bug, or that no metric can tell. */
  readonly onError: (error: unknown) => void
}

/** Answers `GET /metrics`. */
export function metricsHandler(request: HandlerRequest): RequestListener {
  return (incoming, response) => {
    const timer = setTimeout(() => response.destroy(), request.answerTimeout)
    response.once('close', () => clearTimeout(timer))
    answer(incoming, response, request).catch((error: unknown) => {
      request.onError(error)
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'the devices could not be read\n')
    })
  }
}

async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { scrapes, format, hosts, token }: HandlerRequest,
): Promise<void> {
  const { authorization = '', host, accept = '' } = incoming.headers
  if (hosts !== undefined && !hosts.includes(hostName(host))) {
    return refuse(response, 421, 'unknown host\n')
  }
  if (token !== undefined && !isSame(authorization, `Bearer ${token}`)) {
    return refuse(response, 401, 'expected the token\n', { 'www-authenticate': 'Bearer' })
  }
  if (incoming.url?.split('?', 1)[0] !== '/metrics') {
    return refuse(response, 404, 'not found: the metrics are at /metrics\n')
  }
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    return refuse(response, 405, 'expected GET\n', { allow: 'GET, HEAD' })
  }
  const chosen = format ?? wanted(accept)
  const body = await scrapes.text(chosen, response)
  response.writeHead(200, {
    ...HEADERS,
    'content-type': METRICS_CONTENT_TYPES[chosen],
    'content-length': body.byteLength,
  })
  response.end(incoming.method === 'HEAD' ? undefined : body)
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

function refuse(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  // The rest of a request that is refused is not read.
  const all = { ...HEADERS, 'content-type': 'text/plain', connection: 'close', ...headers }
  response.writeHead(status, { ...all, 'content-length': body.length })
  response.end(body)
}

/** The older format, unless the client takes the newer one. */
function wanted(accept: string): MetricsFormat {
  return /\bapplication\/openmetrics-text\b/.test(accept) ? 'openmetrics' : 'prometheus'
}

/** Returns the header `Host` without its port. */
function hostName(host: string | undefined): string {
  return (host ?? '').replace(/:[0-9]*$/, '').toLowerCase()
}

/** Compares in the same time, wherever the difference is. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
