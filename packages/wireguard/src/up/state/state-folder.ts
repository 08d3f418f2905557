import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import {
  errorCode,
  escapeUnprintable,
  inContext,
  isWireGuardError,
  quote,
} from 'wireguardcfg/internal'
import type { LinkState } from 'wireguardnl'
import type { Network } from '../../network.js'
import { FileLock } from './file-lock.js'
import { checkOwnFolder, makeOwnFolder, openOwnFile, readOwnFile } from './own-file.js'
import { formatState, isLinkOf, parseState, type TunnelState } from './state.js'
import { checkFoldersAbove } from './trusted.js'

const {
  closeSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} = process.getBuiltinModule('node:fs')

/**
 * The states of the tunnels of one network namespace: a folder with a file for each, for this user
 * alone.
 */
export class StateFolder {
  /** Identifies the namespace. */
  readonly namespace: string
  readonly #network: Network
  readonly #parent: string
  readonly #path: string

  private constructor(network: Network, parent: string, namespace: string) {
    this.#network = network
    this.#parent = parent
    this.namespace = namespace
    this.#path = join(parent, namespace)
  }

  /**
   * Opens the folder, and makes it if it is missing.
   *
   * @throws WireGuardError `EPERM` others may write into it
   */
  static async open(network: Network, parent: string): Promise<StateFolder> {
    const namespace = await namespaceKey(network)
    return inFolder(parent, () => {
      mkdirSync(join(parent, '..'), { recursive: true })
      makeOwnFolder(parent)
      checkFoldersAbove(realpathSync(parent))
      makeOwnFolder(join(parent, namespace))
      return new StateFolder(network, parent, namespace)
    })
  }

  /**
   * Opens the folder to read it.
   *
   * @returns undefined: it is missing, or this user may not read it
   */
  static async find(network: Network, parent: string): Promise<StateFolder | undefined> {
    const namespace = await namespaceKey(network)
    return inFolder(parent, () => {
      try {
        checkOwnFolder(parent)
        checkFoldersAbove(realpathSync(parent))
        checkOwnFolder(join(parent, namespace))
      } catch (error) {
        const isMissing = ['ENOENT', 'EACCES'].includes(errorCode(error))
        if (isMissing || (isWireGuardError(error) && process.geteuid?.() !== 0)) return undefined
        throw error
      }
      return new StateFolder(network, parent, namespace)
    })
  }

  /** Waits for the lock of one tunnel. */
  lockTunnel(name: string, wait: Deadline): Promise<FileLock> {
    return this.#lock(join(this.#path, `${name}.lock`), wait)
  }

  /** Waits for the lock of what all tunnels of the namespace share: numbers of rules and tables. */
  lockNamespace(wait: Deadline): Promise<FileLock> {
    // No interface has this name.
    return this.#lock(join(this.#path, '.lock'), wait)
  }

  /** Waits for the lock of the files for name servers, which belong to no namespace. */
  lockResolvConf(wait: Deadline): Promise<FileLock> {
    return this.#lock(join(this.#parent, 'resolv.conf.lock'), wait)
  }

  async #lock(path: string, wait: Deadline): Promise<FileLock> {
    const network = this.#network
    return await FileLock.take(path, (descriptor) => network.tryLockFile(descriptor), wait)
  }

  /**
   * Reads the state of a tunnel; undefined: it has none.
   *
   * @throws WireGuardError `EPROTO` it is damaged, `EPERM` others may write into it
   */
  read(name: string): TunnelState | undefined {
    const path = this.#fileOf(name)
    const text = readOwnFile(path)
    if (text === undefined) return undefined
    return inContext({ detail: escapeUnprintable(basename(path)) }, () => parseState(text, name))
  }

  /**
   * Reads the states of all other tunnels of this boot. One that is damaged is left out.
   *
   * @param name the tunnel that is left out
   */
  others(name: string): TunnelState[] {
    const boot = bootId()
    return this.#readAll(name).filter((state) => state.boot === boot)
  }

  #readAll(name: string): TunnelState[] {
    return readdirSync(this.#path).flatMap((file) => {
      const other = /^(.+)\.json$/.exec(file)?.[1]
      if (other === undefined || other === name) return []
      try {
        return this.read(other) ?? []
      } catch (error) {
        if (isWireGuardError(error)) return []
        throw error
      }
    })
  }

  /** Puts a state in the place of the one before, at once. */
  write(state: TunnelState): void {
    const path = this.#fileOf(state.name)
    const temporary = join(this.#path, `.${randomBytes(6).toString('hex')}.tmp`)
    const descriptor = openOwnFile(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
    )
    try {
      try {
        writeFileSync(descriptor, formatState(state))
      } finally {
        closeSync(descriptor)
      }
      renameSync(temporary, path)
    } catch (error) {
      unlinkSync(temporary)
      throw error
    }
  }

  /** Deletes the state of a tunnel. */
  remove(name: string): void {
    try {
      unlinkSync(this.#fileOf(name))
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  #fileOf(name: string): string {
    return join(this.#path, `${name}.json`)
  }
}

/**
 * Identifies a namespace: by its cookie, which no other one gets until the machine restarts. Before
 * Linux 5.14 by its file, whose number may be used again; interfaces are compared then.
 */
async function namespaceKey(network: Network): Promise<string> {
  const cookie = await network.cookie()
  if (cookie !== undefined) return `cookie-${cookie}`
  return `ns-${(await network.identity()).replace(':', '-')}`
}

/** Runs a step on a folder, and tells in an error of the system which one it was. */
function inFolder<T>(path: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (isWireGuardError(error)) throw error
    throw new WireGuardError(`cannot use the folder ${quote(path)}`, {
      code: errorCode(error) === 'EACCES' ? 'EPERM' : errorCode(error),
      path: 'stateDirectory',
      hint: 'Run as root, or give another stateDirectory',
      cause: error,
    })
  }
}

/** Whether a tunnel is up, as far as its state and its interface tell. */
export function isUp(state: TunnelState, link: LinkState | undefined): boolean {
  return state.isComplete && state.boot === bootId() && isLinkOf(state, link)
}

/** Identifies the boot of the machine. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return ''
  }
}
