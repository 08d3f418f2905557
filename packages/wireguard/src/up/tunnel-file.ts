import { basename, dirname, resolve } from 'node:path'
import { checkPortableInterfaceName, WireGuardError } from 'wireguardcfg'
import { decodeName, errorCode, invalid, quote } from 'wireguardcfg/internal'
import { checkFoldersAbove, isOwnedByUs, openToOthers, othersMayWrite } from './state/trusted.js'

const { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } =
  process.getBuiltinModule('node:fs')

const MOST_BYTES = 32 * 1024 * 1024

/** A file with a tunnel. */
export interface TunnelFile {
  /** Absolute, without links. */
  readonly path: string
  readonly text: string
  /** Throws if somebody else may have written the commands of the file. */
  checkHooks(): void
  /** A sentence, if others may read its keys. */
  readonly warning: string | undefined
}

/**
 * Returns the name of the interface for a file, as wg-quick(8) does: that of the file, without
 * `.conf`.
 *
 * @throws WireGuardError `EINVAL`
 */
export function nameOfFile(path: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalid('expected the path of a file', { path: 'path' })
  }
  const name = /^(.+)\.conf$/.exec(basename(path))?.[1]
  const hint = 'Rename the file, or read it yourself and pass its text and a name'
  if (name === undefined) {
    throw invalid(`${quote(basename(path))}: expected the name of an interface and .conf`, {
      path: 'path',
      hint,
    })
  }
  try {
    return checkPortableInterfaceName(name)
  } catch (error) {
    if (!(error instanceof WireGuardError)) throw error
    throw error.with({ path: 'path', hint })
  }
}

/**
 * Reads a file with a tunnel.
 *
 * @throws WireGuardError `EINVAL` it is no regular file; an error of the system
 */
export function readTunnelFile(path: string): TunnelFile {
  try {
    const real = realpathSync(resolve(path))
    const descriptor = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const found = fstatSync(descriptor)
      if (!found.isFile() || found.size > MOST_BYTES) {
        throw invalid(`${quote(path)} is no file with a tunnel`, { path: 'path' })
      }
      const isReadable = (found.mode & statSync(dirname(real)).mode & 0o007) !== 0
      return {
        path: real,
        text: decodeName(readFileSync(descriptor)),
        checkHooks: () => {
          if (othersMayWrite(found) || !isOwnedByUs(found)) throw openToOthers(real, 'file')
          checkFoldersAbove(real)
        },
        warning: isReadable ? `${path} is world accessible, with its keys` : undefined,
      }
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    if (cause instanceof WireGuardError) throw cause
    const code = errorCode(cause)
    throw new WireGuardError(`cannot read ${quote(path)}`, { code, path: 'path', cause })
  }
}
