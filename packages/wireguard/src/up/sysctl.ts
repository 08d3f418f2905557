import { errorCode } from 'wireguardcfg/internal'
import type { Within } from '../userspace/daemon.js'

const { accessSync, constants, existsSync, readdirSync, readFileSync, writeFileSync } =
  process.getBuiltinModule('node:fs')

/** Whether the kernel takes the mark of a packet into account when it checks its source address. */
export const VALID_MARK = 'net.ipv4.conf.all.src_valid_mark'

/** Whether the kernel sends packets on that are for other machines. */
export const FORWARDING = {
  4: 'net.ipv4.ip_forward',
  6: 'net.ipv6.conf.all.forwarding',
} as const

/**
 * The settings of the kernel for one network namespace. Everything is synchronous: the files show
 * the namespace of the thread that opens them, and the threads of Node's pool are in another one.
 */
export class Sysctl {
  readonly #within: Within

  constructor(within: Within) {
    this.#within = within
  }

  /** Returns a value; undefined: there is no such setting. */
  read(key: string): string | undefined {
    return this.#within(() => read(key))
  }

  /** Changes a value. Throws an error of the system. */
  write(key: string, value: string): void {
    this.#within(() => writeFileSync(fileOf(key), `${value}\n`))
  }

  /** Whether a value can be changed: in most containers, /proc/sys is read-only. */
  canWrite(key: string): boolean {
    return this.#within(() => {
      try {
        accessSync(fileOf(key), constants.W_OK)
        return true
      } catch {
        return false
      }
    })
  }

  /**
   * Whether the kernel drops packets whose answers would go out elsewhere (rp_filter 1, RFC 3704),
   * on some interface. The larger value counts, of that for all and that of the interface.
   */
  checksSource(): boolean {
    return this.#within(() => {
      const values = namesIn(IPV4).map((name) => Number(readFile(`${IPV4}/${name}/rp_filter`)))
      const all = Number(readFile(`${IPV4}/all/rp_filter`))
      return values.some((value) => Math.max(all, value) === 1)
    })
  }

  /** Whether a new interface has IPv6. */
  hasIPv6(): boolean {
    return this.#within(
      () =>
        existsSync('/proc/sys/net/ipv6/conf') &&
        ['all', 'default'].every((name) => read(`net.ipv6.conf.${name}.disable_ipv6`) !== '1'),
    )
  }
}

const IPV4 = '/proc/sys/net/ipv4/conf'

/** As in sysctl(8), a dot inside a name is written as a slash. */
function fileOf(key: string): string {
  return `/proc/sys/${key.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`
}

function read(key: string): string | undefined {
  return readFile(fileOf(key))
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1').trim()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return undefined
    throw error
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
