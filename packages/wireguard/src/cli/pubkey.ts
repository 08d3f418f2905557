import { SecretKey } from 'wireguardcfg'
import { parseSecretKeyValue } from 'wireguardcfg/internal/conf'
import { type Command, CommandError, UsageError } from './context.js'
import { readStream } from './input.js'

/** `pubkey`: prints the public key of the private key on standard input. */
export const pubkey: Command = async (args, context) => {
  if (args.length > 0) throw new UsageError('')
  const text = await readStream(context.streams.stdin)
  const fail = (message: string) => new CommandError(`${context.program}: ${message}`)
  const parsed = parseSecretKeyValue(text.slice(0, KEY_CHARACTERS))
  if (text.length < KEY_CHARACTERS) throw fail(WRONG)
  // oxlint-disable-next-line no-control-regex -- wg(8) accepts NUL characters after the key
  if (/[^\0 \t\n\v\f\r]/.test(text.slice(KEY_CHARACTERS))) {
    throw fail('Trailing characters found after key')
  }
  if ('fault' in parsed) throw fail(WRONG)
  await context.out.write(`${(parsed.value ?? clampedZero()).publicKey()}\n`)
  return 0
}

/** Returns the all-zero key as Curve25519 clamps it. Elsewhere the all-zero key means no key. */
function clampedZero(): SecretKey {
  const bytes = new Uint8Array(32)
  bytes[31] = 64
  return SecretKey.parse(bytes)
}

const KEY_CHARACTERS = 44
const WRONG = 'Key is not the correct length or format'
