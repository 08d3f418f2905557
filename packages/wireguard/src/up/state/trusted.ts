import { dirname } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { escapeUnprintable, quote } from 'wireguardcfg/internal'

const { lstatSync } = process.getBuiltinModule('node:fs')

/** What stat(2) tells of a file, as far as trust in it goes. */
export interface Permissions {
  readonly uid: number
  readonly mode: number
}

const WRITABLE_BY_OTHERS = 0o022
const STICKY = 0o1000

/** Whether root or this user has a file, so that no other one can change its permissions. */
export function isOwnedByUs({ uid }: Permissions): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

/** Whether somebody else may write into a file. */
export function othersMayWrite({ mode }: Permissions): boolean {
  return (mode & WRITABLE_BY_OTHERS) !== 0
}

/**
 * Checks that nobody else can replace a file: its folder and all above it are of root or of this
 * user, and closed to the writing of others, or sticky as /tmp.
 *
 * @param path absolute, without symbolic links
 * @throws WireGuardError `EPERM`
 */
export function checkFoldersAbove(path: string): void {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = lstatSync(folder)
    const isOpen = othersMayWrite(found) && (found.mode & STICKY) === 0
    if (isOpen || !isOwnedByUs(found)) throw openToOthers(folder, 'folder')
    if (folder === dirname(folder)) return
  }
}

/** Returns the error for a file or a folder into which others may write. */
export function openToOthers(path: string, what: 'file' | 'folder'): WireGuardError {
  return new WireGuardError(`others may write into the ${what} ${quote(path)}`, {
    code: 'EPERM',
    hint: `Make root its owner and take write permission from others: chmod go-w ${escapeUnprintable(path)}`,
  })
}
