import type { RequestListener } from 'node:http'
import { hideKeys, quote } from 'wireguardcfg/internal'
import { readScrape } from '../../metrics/collect.js'
import { type CommandContext, CommandError } from '../context.js'
import { ending } from '../ending.js'
import { describeFailure } from '../failure.js'
import { readInput } from '../input.js'
import { withWireGuard } from '../interfaces.js'
import { isLoopback, type ListenAddress } from './address.js'
import type { MetricsRequest } from './arguments.js'
import { metricsHandler } from './handler.js'
import { listen, type Listening } from './listen.js'
import { NamesOfFiles } from './names.js'
import { Scrapes } from './scrapes.js'

/** Milliseconds for a device: less than the ten seconds that Prometheus waits by default. */
const READ_TIMEOUT = 5000
/** Milliseconds in which a client has to take its answer. */
const ANSWER_TIMEOUT = 30_000
/** Milliseconds for which a read is given to those who ask later. */
const FRESH_FOR = 1000

/** Times of the server, in milliseconds. */
export interface ServerTimes {
  readonly answerTimeout?: number
  readonly freshFor?: number
}

/** Serves metrics until a signal. @throws CommandError, ConfError */
export async function serveMetrics(
  at: ListenAddress,
  request: MetricsRequest,
  context: CommandContext,
  { answerTimeout = ANSWER_TIMEOUT, freshFor = FRESH_FOR }: ServerTimes = {},
): Promise<number> {
  const { format, profile, endpoints, confs, tokenFile, hosts } = request
  const { out, err, streams, program } = context
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile, context)
  const onError = (error: unknown): void => {
    void err.write(`${describeFailure(error, program)}\n`).then(() => err.flush())
  }
  const names = new NamesOfFiles(confs, context, onError)
  await names.open()
  return await withWireGuard(context, async (wg) => {
    const scrapes = new Scrapes({
      freshFor,
      read: () => readScrape(wg, { timeout: READ_TIMEOUT }),
      options: async (chosen) => ({
        format: chosen,
        profile,
        endpoints,
        names: await names.current(),
        now: Date.now(),
      }),
    })
    const handler = (address: string | undefined): RequestListener => {
      checkAccess(address, token)
      const known = [...ownNames(address), ...hosts]
      return metricsHandler({
        scrapes,
        format,
        hosts: known.length === 0 ? undefined : known,
        token,
        answerTimeout,
        onError,
      })
    }
    const listening = await listen(at, handler, streams.env)
    try {
      for (const { shown } of listening) await out.write(`${shown}\n`)
      await out.flush()
      await ending(context)
      return 0
    } finally {
      await Promise.all(listening.map(close))
    }
  })
}

/**
 * The names of a server that only this machine can ask. A page that a name of DNS leads here has
 * another one. A server for others has a token.
 */
function ownNames(address: string | undefined): string[] {
  if (address === undefined || !isLoopback(address)) return []
  return ['localhost', '127.0.0.1', '[::1]', address.includes(':') ? `[${address}]` : address]
}

/** @throws CommandError everybody on the network could read the metrics */
function checkAccess(address: string | undefined, token: string | undefined): void {
  if (address === undefined || isLoopback(address) || token !== undefined) return
  throw new CommandError(
    `--listen: everybody who reaches ${address} could read the metrics; give --token-file FILE`,
  )
}

/** The fewest characters of a token. */
const FEWEST = 16

/** @throws CommandError */
async function readToken(path: string, context: CommandContext): Promise<string> {
  const token = (await readInput(path, context)).trim()
  if (token.length >= FEWEST && /^[!-~]+$/.test(token)) return token
  throw new CommandError(
    `--token-file ${quote(hideKeys(path))}: expected one word of at least ${FEWEST} characters`,
  )
}

async function close({ server }: Listening): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
