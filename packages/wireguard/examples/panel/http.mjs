// What the panel needs of HTTP.

const LARGEST_BODY = 4096

/** A request that is refused. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/** Reads the JSON object of a request. */
export async function readBody(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'expected application/json')
  }
  let text = ''
  const chunks = request.setEncoding('utf8').iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    text += chunk
    if (text.length > LARGEST_BODY) throw new Refusal(413, 'body too large')
  }
  const body = parse(text)
  if (body === null || typeof body !== 'object') throw new Refusal(400, 'expected a JSON object')
  return body
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Decodes a part of a path. */
export function decode(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'expected a public key, percent-encoded')
  }
}

/** Sends a JSON object. */
export function reply(response, status, body, headers = {}) {
  response.writeHead(status, {
    'content-type': 'application/json',
    // An answer may hold a private key.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // After a refusal, the rest of a body is not read.
    ...(status < 400 ? {} : { connection: 'close' }),
    ...headers,
  })
  response.end(`${JSON.stringify(body)}\n`)
}
