import { WireGuardError } from 'wireguardcfg'
import { errorCode, quote } from 'wireguardcfg/internal'
import { isOwnedByUs } from './trusted.js'

const { chmodSync, closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync } =
  process.getBuiltinModule('node:fs')

const OTHERS = 0o077

/**
 * Opens a file of ours, for us alone, without following a link.
 *
 * @param flags of open(2)
 * @throws WireGuardError `EPERM` it is a link, of somebody else, or open to others; an error of the
 * system
 */
export function openOwnFile(path: string, flags: number): number {
  const descriptor = openWithoutLinks(path, flags)
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile() || !isOwnedByUs(found) || (found.mode & OTHERS) !== 0 || found.nlink > 1) {
      throw untrusted(path, 'file', '600')
    }
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

// Far above what a state or a list of tunnels has.
const MOST_BYTES = 4 * 1024 * 1024

/**
 * Reads a file of ours.
 *
 * @returns undefined: there is none. A file that is far too long counts as empty
 * @throws as {@link openOwnFile}
 */
export function readOwnFile(path: string): string | undefined {
  let descriptor: number
  try {
    descriptor = openOwnFile(path, constants.O_RDONLY)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return fstatSync(descriptor).size > MOST_BYTES ? '' : readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function openWithoutLinks(path: string, flags: number): number {
  try {
    const { O_NOFOLLOW, O_NONBLOCK } = constants
    return openSync(path, flags | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw untrusted(path, 'file', '600')
    throw error
  }
}

/**
 * Makes a folder for us alone, unless it is there.
 *
 * @throws WireGuardError `EPERM` it is a link, of somebody else, or open to others; an error of the
 * system
 */
export function makeOwnFolder(path: string): void {
  try {
    mkdirSync(path, 0o700)
    // Whatever the umask is.
    chmodSync(path, 0o700)
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
  }
  checkOwnFolder(path)
}

/** Checks a folder as {@link makeOwnFolder}. */
export function checkOwnFolder(path: string): void {
  const found = lstatSync(path)
  if (!found.isDirectory() || !isOwnedByUs(found) || (found.mode & OTHERS) !== 0) {
    throw untrusted(path, 'folder', '700')
  }
}

function untrusted(path: string, what: 'file' | 'folder', mode: string): WireGuardError {
  return new WireGuardError(`${quote(path)} is not to be trusted`, {
    code: 'EPERM',
    detail: `expected a ${what} of this user or of root, closed to others`,
    hint: `Find out who made it, then delete it, or run chmod ${mode} on it`,
  })
}
