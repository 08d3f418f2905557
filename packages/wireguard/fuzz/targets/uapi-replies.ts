import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { ReplyParser } from '../../../wireguardcfg/src/uapi/parse.js'
import { SAMPLE_REPLIES } from '../../../wireguardcfg/test/support/replies.js'
import { outcomeOf, SECRET_DIGITS, SECRET_TEXTS } from '../faults.js'
import { must, target } from '../target.js'
import { revealed } from '../revealed.js'

type Reply = {
  readonly bytes: Uint8Array
  /** The lengths of the pieces in which it arrives; the rest arrives at once. */
  readonly pieces: readonly number[]
}

/** What a daemon may write, and what it had better not. */
export const UAPI_WORDS: readonly string[] = [
  ...SECRET_DIGITS,
  ...SECRET_TEXTS,
  ...SECRET_DIGITS.map((digits) => `\nprivate_key=${digits}\n`),
  ...SECRET_DIGITS.map((digits) => `\npreshared_key=${digits}\n`),
  ...`public_key own_public_key private_key preshared_key endpoint fwmark listen_port errno allowed_ip
    rx_bytes tx_bytes persistent_keepalive_interval protocol_version last_handshake_time_sec
    last_handshake_time_nsec replace_peers replace_allowed_ips remove update_only get set`
    .split(/\s+/)
    .map((key) => `\n${key}=`),
  'errno=0\n\n',
  'errno=-22\n\n',
  '\n\n',
  '=',
  '18446744073709551616',
  '10.0.0.1/32',
  '-10.0.0.0/8',
  'fd00::/64',
  '[fe80::1%eth0]:51820',
  '192.0.2.1:5',
  'true',
]

export const uapiReplies = target<Reply>({
  name: 'uapi-replies',
  what: 'replies of a daemon to the parser, in any pieces',
  fresh: fc.record({
    bytes: fc
      .array(fc.oneof(fc.constantFrom(...UAPI_WORDS), fc.string({ maxLength: 8 })), {
        maxLength: 30,
      })
      .map((parts) => Uint8Array.from(Buffer.from(`${parts.join('')}\nerrno=0\n\n`, 'latin1'))),
    pieces: fc.array(fc.nat(80), { maxLength: 8 }),
  }),
  seeds: () =>
    SAMPLE_REPLIES.map(({ text }) => ({
      bytes: Uint8Array.from(Buffer.from(text, 'latin1')),
      pieces: [1, 2, 3, 60, 100],
    })),
  words: UAPI_WORDS,
  open: () => ({ run: parse }),
})

const NOW = Date.UTC(2026, 0, 1)

function parse({ bytes, pieces }: Reply): void {
  const atOnce = read([bytes])
  const inPieces = read(piecesOf(bytes, pieces))
  must(
    isDeepStrictEqual(atOnce, inPieces),
    () => `the pieces matter: ${JSON.stringify([atOnce, inPieces])}`,
  )
  const { done, outcome } = atOnce
  if (!done || !('value' in outcome)) return
  // What comes behind the end is not read.
  const more = read([Buffer.concat([bytes, Buffer.from('x=1\npublic_key=\n')])])
  must(isDeepStrictEqual(atOnce, more), 'what comes behind the end matters')
}

function read(pieces: Iterable<Uint8Array>) {
  const parser = new ReplyParser('read device', 'wg0')
  const result = outcomeOf(() => {
    for (const piece of pieces) {
      // The parser may not keep what the caller uses again.
      const buffer = Buffer.from(piece)
      parser.push(buffer)
      buffer.fill(0x78)
    }
    return revealed(parser.device(NOW))
  })
  const outcome =
    'error' in result ? { code: result.error.code, message: result.error.message } : result
  return { done: parser.done, outcome }
}

/** Cuts bytes into pieces. Lengths below 0 count as 0. */
export function* piecesOf(
  bytes: Uint8Array,
  lengths: readonly number[],
): Generator<Uint8Array, void, undefined> {
  let start = 0
  for (const length of lengths) {
    const end = Math.min(bytes.length, start + Math.max(0, Math.trunc(length)))
    yield bytes.subarray(start, end)
    start = end
  }
  yield bytes.subarray(start)
}
