import {
  type CallOptions,
  checkPortableInterfaceName,
  type DeviceConfig,
  isWireGuardError,
  WireGuardError,
} from 'wireguardcfg'
import { parseInterfaceAddress, quote } from 'wireguardcfg/internal'
import { checkDeviceConfig, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { NamespaceReference } from 'wireguardnl'

/** Options of `WireGuard.createDevice`. */
export interface CreateOptions extends CallOptions {
  /**
   * The backend of the interface. `'auto'`, the default, is the kernel, or a userspace
   * implementation if the kernel has no WireGuard. The userspace implementation is the program that
   * the environment variable `WG_QUICK_USERSPACE_IMPLEMENTATION` names, else wireguard-go.
   */
  readonly backend?: 'auto' | 'kernel' | 'userspace' | undefined
  /**
   * What to do when an interface of this name exists: `'error'` (default), or `'use'` it if it is
   * WireGuard. The other options are then applied to it, and not rolled back if a step fails.
   */
  readonly ifExists?: 'error' | 'use' | undefined
  /** Keys, listen port and peers; default: none. */
  readonly config?: DeviceConfig | undefined
  /**
   * Addresses of the interface with their prefix length: `10.7.0.1/24`. The default prefix length
   * is `/32` or `/128`. Default: no addresses.
   */
  readonly addresses?: readonly string[] | undefined
  /** In bytes; default: 1420, which WireGuard sets. */
  readonly mtu?: number | undefined
  /** Whether to bring it up; default false. */
  readonly up?: boolean | undefined
  /**
   * The network namespace to which the interface is moved before it gets its addresses. Its
   * encrypted packets still use the namespace in which it was created:
   * https://www.wireguard.com/netns/. Default: it is not moved.
   */
  readonly moveTo?: NamespaceReference | undefined
}

/** The checked options, with their defaults. */
export interface CheckedCreateOptions extends CallOptions {
  readonly name: string
  readonly backend: 'auto' | 'kernel' | 'userspace'
  readonly ifExists: 'error' | 'use'
  readonly config: CheckedDeviceConfig | undefined
  readonly addresses: readonly string[]
  readonly mtu: number | undefined
  readonly up: boolean
  readonly moveTo: NamespaceReference | undefined
}

/**
 * Checks everything that can be checked before anything is created.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option, or of the field of its `config`
 */
export async function checkCreateOptions(
  name: string,
  options: CreateOptions,
): Promise<CheckedCreateOptions> {
  try {
    return await check(name, options)
  } catch (error) {
    const context = { operation: 'create device', device: name }
    throw isWireGuardError(error) ? error.with(context) : error
  }
}

// Because of satisfies, a missing option is a compile error.
const KNOWN: ReadonlySet<string> = new Set(
  Object.keys({
    backend: 0,
    ifExists: 0,
    config: 0,
    addresses: 0,
    mtu: 0,
    up: 0,
    moveTo: 0,
    signal: 0,
    idleTimeout: 0,
    timeout: 0,
  } satisfies Record<keyof CreateOptions, 0>),
)

// dev->mtu is an int. The kernel rejects values that a kind of interface does not support.
const LARGEST_MTU = 0x7fff_ffff

async function check(name: string, options: CreateOptions): Promise<CheckedCreateOptions> {
  checkPortableInterfaceName(name)
  if (name.startsWith('-')) throw looksLikeOption(name)
  for (const key of Object.keys(options)) {
    if (!KNOWN.has(key)) {
      throw unacceptable(nameOf(key), `unknown option; expected ${[...KNOWN].join(', ')}`)
    }
  }
  const { signal, idleTimeout, timeout, mtu, moveTo, addresses = [] } = options
  return {
    name,
    backend: oneOf('backend', options.backend ?? 'auto', ['auto', 'kernel', 'userspace']),
    ifExists: oneOf('ifExists', options.ifExists ?? 'error', ['error', 'use']),
    config: options.config === undefined ? undefined : await checkDeviceConfig(options.config),
    addresses: checkAddresses(addresses),
    mtu: checkMtu(mtu),
    up: oneOf('up', options.up ?? false, [false, true]),
    moveTo,
    signal,
    idleTimeout,
    timeout,
  }
}

function checkMtu(mtu: number | undefined): number | undefined {
  if (mtu === undefined) return undefined
  if (Number.isInteger(mtu) && mtu > 0 && mtu <= LARGEST_MTU) return mtu
  throw unacceptable('mtu', `expected 1 to ${LARGEST_MTU} bytes`)
}

function checkAddresses(addresses: unknown): readonly string[] {
  if (!Array.isArray(addresses)) throw unacceptable('addresses', 'expected an array')
  return addresses.map((address: string, i) => {
    try {
      parseInterfaceAddress(address)
      return address
    } catch (error) {
      throw isWireGuardError(error) ? error.with({ path: `addresses[${i}]` }) : error
    }
  })
}

function oneOf<const T>(path: string, value: T, values: readonly T[]): T {
  if (values.includes(value)) return value
  throw unacceptable(path, `expected ${values.map((v) => JSON.stringify(v)).join(' or ')}`)
}

/** Returns the name of an unknown option, unless it may be a secret: only identifiers are shown. */
function nameOf(key: string): string {
  return /^[A-Za-z_]\w{0,31}$/.test(key) ? key : 'an option'
}

/**
 * The rule of wg-quick(8) allows such a name. But wireguard-go, wg and ip would take it for an
 * option, and wireguard-go knows no `--`.
 */
function looksLikeOption(name: string): WireGuardError {
  return new WireGuardError(`interface name ${quote(name)}: expected no "-" at its beginning`, {
    code: 'EINVAL',
    hint: 'Programs would take it for an option',
  })
}

function unacceptable(path: string, summary: string): WireGuardError {
  return new WireGuardError(summary, { code: 'EINVAL', path })
}
