/**
 * Not public: this entry may change in any release, also in a patch. The facade loads this package
 * with it, when a call needs the kernel.
 *
 * @packageDocumentation
 */
import { errorCode, Lazy, WireGuardError } from 'wireguardcfg/internal'
import type * as Netlink from './index.js'

const netlink = new Lazy(load)

/**
 * Loads this package. A failure is not kept: the next call tries again.
 *
 * @throws WireGuardError `EMFILE`, `ENOMEM` or another code of the system
 */
export function loadNetlink(): Promise<typeof Netlink> {
  return netlink.get()
}

/**
 * Loads the one file that has all of this package. When Node loaded the present file, it found the
 * package and its dependencies, so that nothing else has to be read, and nothing else can fail.
 */
async function load(): Promise<typeof Netlink> {
  try {
    return await import('./index.js')
  } catch (error) {
    return await loadAgain(error)
  }
}

let attempts = 0

/**
 * Loads the file under another address, because Node 20 keeps the failure of an `import()` for the
 * life of the process.
 */
async function loadAgain(first: unknown): Promise<typeof Netlink> {
  try {
    const url = new URL('./index.js', import.meta.url)
    checkReadable(url)
    attempts++
    url.search = `attempt=${attempts}`
    const again: typeof Netlink = await import(url.href)
    return again
  } catch (error) {
    throw notLoaded(isOfSystem(error) ? error : first)
  }
}

/** Node would keep each failure. Therefore it gets no address whose file cannot be opened. */
function checkReadable(url: URL): void {
  const { closeSync, openSync } = process.getBuiltinModule('node:fs')
  closeSync(openSync(url, 'r'))
}

function notLoaded(cause: unknown): WireGuardError {
  return new WireGuardError('cannot load wireguardnl, which has the kernel backend', {
    code: isOfSystem(cause) ? errorCode(cause) : 'EIO',
    operation: 'load',
    cause,
  })
}

/** Whether the error has a POSIX code. Those of Node's loader have an underscore. */
function isOfSystem(error: unknown): boolean {
  return /^E[A-Z0-9]+$/.test(errorCode(error))
}
