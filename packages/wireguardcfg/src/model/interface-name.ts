import { invalid } from './errors.js'
import { encodeName, isNameText } from './name-bytes.js'
import { quote } from './quote.js'

/**
 * Checks an interface name by the kernel's rule (`dev_valid_name`) and returns it: 1 to 15 bytes,
 * not `.` or `..`, no `/`, `:`, NUL or white space. Use it for names of existing interfaces.
 *
 * A byte that is not UTF-8 is written as U+DC00 plus the byte, as `deviceNames` returns it. U+FFFD
 * is refused: it stands for bytes that were lost, and could be those of any interface.
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
  const isFarTooLong = name.length > MEASURED
  if (!isFarTooLong && !isNameText(name)) {
    throw invalid(`interface name ${quote(name)}: expected text without U+FFFD, a lost character`, {
      hint: 'Take the name from deviceNames(), or rename the interface',
    })
  }
  const bytes = isFarTooLong ? `more than ${MEASURED}` : encodeName(name).length
  if (typeof bytes === 'string' || bytes > LONGEST) {
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
    isNameText(name) &&
    encodeName(name).length <= LONGEST &&
    name !== '.' &&
    name !== '..' &&
    !/[/:\0\t-\r ]/.test(name) &&
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
  return encodeName(name).includes(0xa0)
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
