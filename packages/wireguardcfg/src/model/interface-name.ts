import { invalid } from './errors.js'
import { quote } from './quote.js'

/**
 * Checks an interface name by the kernel's rule (`dev_valid_name`) and returns it: 1 to 15 bytes,
 * not `.` or `..`, no `/`, `:`, NUL or white space. Use it for names of existing interfaces.
 *
 * @example
 * ```ts
 * checkInterfaceName('wg@home') // 'wg@home'
 * ```
 *
 * @throws WireGuardError `EINVAL` for any other name
 */
export function checkInterfaceName(name: string): string {
  if (isInterfaceName(name)) return name
  if (typeof name !== 'string')
    throw invalid(`interface name: expected a string, got ${quote(name)}`)
  if (name === '') throw invalid('interface name "": expected 1 to 15 bytes')
  // Nothing looks at all of a text that is far too long.
  const bytes = name.length > MEASURED ? `more than ${MEASURED}` : Buffer.byteLength(name)
  if (name.length > LONGEST || Buffer.byteLength(name) > LONGEST) {
    throw invalid(`interface name ${quote(name)}: expected at most 15 bytes, got ${bytes}`)
  }
  throw invalid(
    `interface name ${quote(name)}: expected no "/", ":", NUL or white space, and not "." or ".."`,
  )
}

/**
 * Returns whether an interface may have this name by the kernel's rule; see
 * {@link checkInterfaceName}.
 */
export function isInterfaceName(name: string): boolean {
  return (
    typeof name === 'string' &&
    name.length > 0 &&
    // UTF-8 has no fewer bytes than UTF-16 has units.
    name.length <= LONGEST &&
    Buffer.byteLength(name) <= LONGEST &&
    name !== '.' &&
    name !== '..' &&
    !/[/:\0\t-\r ]/.test(name) &&
    // Half of a surrogate pair is no UTF-8.
    !/[\ud800-\udfff]/u.test(name) &&
    !hasLatin1Space(name)
  )
}

// IFNAMSIZ without the NUL.
const LONGEST = 15
const MEASURED = 1000

/**
 * Returns whether a name has the byte 0xa0. The kernel's isspace() goes byte by byte and counts it
 * as white space, also where it is part of a character in UTF-8.
 */
function hasLatin1Space(name: string): boolean {
  return Buffer.from(name).includes(0xa0)
}

/**
 * Returns whether an interface name follows wg-quick(8)'s stricter rule: `[a-zA-Z0-9_=+.-]{1,15}`,
 * and not `.` or `..`. Use it for names of sockets and of interfaces to create.
 *
 * @example
 * ```ts
 * isPortableInterfaceName('wg@home') // false
 * ```
 */
export function isPortableInterfaceName(name: string): boolean {
  return (
    typeof name === 'string' &&
    /^[a-zA-Z0-9_=+.-]{1,15}$/.test(name) &&
    name !== '.' &&
    name !== '..'
  )
}

/**
 * Checks an interface name by wg-quick(8)'s stricter rule and returns it. See
 * {@link isPortableInterfaceName}.
 *
 * @example
 * ```ts
 * checkPortableInterfaceName('wg0') // 'wg0'
 * ```
 *
 * @throws WireGuardError `EINVAL` for any other name
 */
export function checkPortableInterfaceName(name: string): string {
  checkInterfaceName(name)
  if (isPortableInterfaceName(name)) return name
  throw invalid(`interface name ${quote(name)}: expected letters, digits and _ = + . - only`)
}
