import { invalid } from './errors.js'
import { describeKeyText, SecretKey } from './key.js'

/**
 * A secret key as a configuration has it: a `SecretKey`, or 44 characters of canonical base64. Hexadecimal is for
 * `SecretKey.parse` alone: in a configuration it is nearly always a mix-up.
 *
 * @throws WireGuardError `EINVAL` as `SecretKey.parse`, and for hexadecimal
 */
export function parseConfigSecret(value: SecretKey | string): SecretKey {
  if (typeof value === 'string' && /^[0-9A-Fa-f]{64}$/.test(value)) {
    throw invalid(
      `secret key: expected 44 characters of canonical base64, ${describeKeyText(value)}`,
    )
  }
  return SecretKey.parse(value)
}
