import { checkNumber, type NumberRange } from 'wireguardcfg/internal'

/** Numbers of 32 bits. */
export const U32 = { max: 2 ** 32 - 1, expected: 'an integer of 32 bits' }
/** Table 0 is none. */
export const TABLE = { min: 1, max: 2 ** 32 - 1, expected: 'a table, 1 to 4294967295' }
/** Who adds something. */
export const PROTOCOL = { max: 255, expected: 'a protocol, 0 to 255' }

/** Checks a number that may be absent. @throws WireGuardError `EINVAL` */
export function checkOptional(
  name: string,
  value: number | undefined,
  range: NumberRange,
): number | undefined {
  return value === undefined ? undefined : checkNumber(name, value, range)
}
