import { SecretKey } from 'wireguardcfg'
import { parseSecretKeyValue } from 'wireguardcfg/internal/conf'
import { type Command, CommandError, UsageError } from './context.js'
import { buffers } from './input.js'
import { readKeyText } from './values.js'

/** `pubkey`: prints the public key of the private key on standard input. */
export const pubkey: Command = async (args, context) => {
  if (args.length > 0) throw new UsageError('')
  // wg(8) ignores NUL characters after the key.
  const { text, trailing } = await readKeyText(buffers(context.streams.stdin), '\0 \t\n\v\f\r')
  const fail = (message: string) => new CommandError(`${context.program}: ${message}`)
  const parsed = parseSecretKeyValue(text)
  if (trailing !== undefined) throw fail('Trailing characters found after key')
  if ('fault' in parsed) throw fail('Key is not the correct length or format')
  await context.out.write(`${(parsed.value ?? clampedZero()).publicKey()}\n`)
  return 0
}

/** Returns the all-zero key as Curve25519 clamps it. Elsewhere the all-zero key means no key. */
function clampedZero(): SecretKey {
  const bytes = new Uint8Array(32)
  bytes[31] = 64
  return SecretKey.parse(bytes)
}
