// Who may use the panel: whoever knows the token. Programs send it with each request. The page
// sends it once and gets a cookie, which scripts cannot read and other sites cannot send.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { Refusal } from './http.mjs'

export class Access {
  #token
  // Without a list of sessions: a cookie outlives a restart, and ends with the token.
  #session

  constructor(token) {
    this.#token = token
    this.#session = createHmac('sha256', token).update('session of the panel').digest('hex')
  }

  /** Refuses pages of other sites, and names that lead here by DNS. */
  checkOrigin({ headers }, port) {
    const hosts = ['127.0.0.1', 'localhost'].map((host) => `${host}:${port}`)
    if (!hosts.includes(headers.host)) throw new Refusal(421, 'unknown host')
    const isSame = hosts.some((host) => headers.origin === `http://${host}`)
    if (headers.origin !== undefined && !isSame) throw new Refusal(403, 'other origin')
  }

  /** Refuses who has neither the token nor the cookie. */
  check({ headers }) {
    const { authorization, cookie = '' } = headers
    const session = /(?:^|; )panel=([^;]*)/.exec(cookie)?.[1]
    if (authorization !== undefined && isEqual(authorization, `Bearer ${this.#token}`)) return
    if (session !== undefined && isEqual(session, this.#session)) return
    throw new Refusal(401, 'no access')
  }

  /** Returns the header that logs a page in. */
  logIn({ token }) {
    if (!isEqual(String(token), this.#token)) throw new Refusal(401, 'no access')
    return { 'set-cookie': `panel=${this.#session}; ${ATTRIBUTES}` }
  }

  /** Returns the header that logs a page out. */
  logOut() {
    return { 'set-cookie': `panel=; Max-Age=0; ${ATTRIBUTES}` }
  }
}

// A proxy with TLS adds Secure.
const ATTRIBUTES = 'HttpOnly; SameSite=Strict; Path=/'

/** Compares in the same time, wherever the difference is. */
function isEqual(given, expected) {
  return timingSafeEqual(digest(given), digest(expected))
}

function digest(text) {
  return createHash('sha256').update(text).digest()
}
