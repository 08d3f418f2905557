import { setTimeout as sleep } from 'node:timers/promises'
import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import { openOwnFile } from './own-file.js'

const {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} = process.getBuiltinModule('node:fs')

/** Takes the lock of an open file, if nobody has it. */
export type TryLock = (descriptor: number) => Promise<boolean>

/**
 * A lock on a file of a folder that is closed to others (flock(2)). The kernel takes it back when
 * the process ends, however it ends.
 */
export class FileLock implements Disposable {
  readonly #path: string
  readonly #descriptor: number

  private constructor(path: string, descriptor: number) {
    this.#path = path
    this.#descriptor = descriptor
  }

  /**
   * Waits for the lock.
   *
   * @throws WireGuardError `ETIMEDOUT` with the process that has it, `ABORT_ERR`, `EPERM`
   */
  static async take(path: string, tryLock: TryLock, wait: Deadline): Promise<FileLock> {
    for (let pause = 5; ; pause = Math.min(2 * pause, 50)) {
      const lock = await FileLock.#try(path, tryLock)
      if (lock !== undefined) return lock
      try {
        await wait.race(sleep(pause))
      } catch (error) {
        throw isWireGuardError(error) ? heldBy(error, path) : error
      }
    }
  }

  static async #try(path: string, tryLock: TryLock): Promise<FileLock | undefined> {
    const descriptor = openOwnFile(path, constants.O_RDWR | constants.O_CREAT)
    let isKept = false
    try {
      if (!(await tryLock(descriptor)) || !isAt(path, descriptor)) return undefined
      ftruncateSync(descriptor)
      writeSync(descriptor, `${process.pid}\n`, 0)
      isKept = true
      return new FileLock(path, descriptor)
    } finally {
      if (!isKept) closeSync(descriptor)
    }
  }

  [Symbol.dispose](): void {
    try {
      unlinkSync(this.#path)
    } catch {
      // Its folder may be gone.
    } finally {
      closeSync(this.#descriptor)
    }
  }
}

/** Whether a path still leads to an open file: the last holder has deleted it. */
function isAt(path: string, descriptor: number): boolean {
  try {
    return statSync(path).ino === fstatSync(descriptor).ino
  } catch {
    return false
  }
}

function heldBy(error: WireGuardError, path: string): WireGuardError {
  const holder = readHolder(path)
  if (error.code !== 'ETIMEDOUT' || holder === '') return error
  return new WireGuardError('another call is changing tunnels', {
    code: 'ETIMEDOUT',
    detail: holder === `${process.pid}` ? 'this process' : `process ${holder}`,
    hint: 'Wait until it has ended, or give this call more time (idleTimeout)',
    cause: error,
  })
}

function readHolder(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch {
    return ''
  }
}
