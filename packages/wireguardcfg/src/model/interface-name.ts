import { invalid, quote } from './errors.js'

/**
 * Checks a name by the kernel's rule: 1 to 15 bytes, not `.` or `..`, no `/`, `:`, NUL or white
 * space (`dev_valid_name`). For looking at interfaces that exist.
 *
 * @throws WireGuardError `EINVAL`
 */
export function checkInterfaceName(name: string): string {
  if (typeof name !== 'string')
    throw invalid(`interface name: expected a string, got ${quote(name)}`)
  if (name === '') throw invalid('interface name "": expected 1 to 15 bytes')
  const bytes = Buffer.byteLength(name)
  if (bytes > 15)
    throw invalid(`interface name ${quote(name)}: expected at most 15 bytes, got ${bytes}`)
  if (name === '.' || name === '..' || /[/:\0\t-\r ]/.test(name) || hasLatin1Space(name)) {
    throw invalid(
      `interface name ${quote(name)}: expected no "/", ":", NUL or white space, and not "." or ".."`,
    )
  }
  return name
}

/**
 * The kernel's isspace() goes byte by byte and counts 0xa0, which is part of some characters in
 * UTF-8.
 */
function hasLatin1Space(name: string): boolean {
  return Buffer.from(name).includes(0xa0)
}

/**
 * True for a name by wg-quick(8)'s stricter rule, `[a-zA-Z0-9_=+.-]{1,15}` (and not `.` or `..`):
 * for names of sockets and of interfaces to create.
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
 * Checks a name by wg-quick(8)'s stricter rule.
 *
 * @throws WireGuardError `EINVAL`
 */
export function checkPortableInterfaceName(name: string): string {
  checkInterfaceName(name)
  if (isPortableInterfaceName(name)) return name
  throw invalid(`interface name ${quote(name)}: expected letters, digits and _ = + . - only`)
}
