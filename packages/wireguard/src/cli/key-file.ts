import type { SecretKey } from 'wireguardcfg'
import { parseSecretKeyValue } from 'wireguardcfg/conf'
import { CommandError } from './command-error.js'
import type { CommandContext } from './context.js'
import { faultText } from './fault.js'
import { readInput } from './input.js'

/**
 * A private or preshared key from a file: base64, and white space behind it. `null`, which removes the key: the file is empty, as
 * `/dev/null` is, or has the all-zero key.
 *
 * @throws CommandError
 */
export async function readKeyFile(
  path: string,
  context: CommandContext,
): Promise<SecretKey | null> {
  const text = await readInput(path, context, 'Invalid length key in key file')
  if (text === '') return null
  if (text.length < KEY_CHARACTERS) throw new CommandError('Invalid length key in key file')
  const parsed = parseSecretKeyValue(text.slice(0, KEY_CHARACTERS))
  const trailing = /[^ \t\n\v\f\r]/.exec(text.slice(KEY_CHARACTERS))?.[0]
  if (trailing !== undefined) {
    // Behind something that is no key it may be a part of one: of a key in hexadecimal, for example.
    const shown = 'fault' in parsed ? '(hidden)' : trailing
    throw new CommandError(`Found trailing character in key file: \`${shown}'`)
  }
  if ('fault' in parsed) throw new CommandError(faultText(parsed.fault))
  return parsed.value
}

const KEY_CHARACTERS = 44
