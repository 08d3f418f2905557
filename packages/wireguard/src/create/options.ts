import {
  type CallOptions,
  checkPortableInterfaceName,
  isWireGuardError,
  type NamedDeviceConfig,
  WireGuardError,
} from 'wireguardcfg'
import {
  atPath,
  CALL_OPTIONS,
  checkOptions,
  type OptionTable,
  parseInterfaceAddress,
  quote,
} from 'wireguardcfg/internal'
import { checkDeviceConfig, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { ResolveConfigOptions } from '../resolve/options.js'
import { resolveForCall } from '../resolve/for-call.js'
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
   * What to do when a WireGuard interface of this name exists:
   *
   * - `'error'`, the default: nothing, the call fails with `EEXIST`.
   * - `'use'`: apply the other options to it, in addition to what it has.
   * - `'sync'`: bring it to exactly what the other options say, by differences, so that its
   *   sessions continue. Peers and addresses that are not named are removed; link-local addresses
   *   stay. What an absent option is about stays as it is. A second call with the same options
   *   changes nothing.
   *
   * Nothing is rolled back if a step fails; the `applied` of the error has the names of the options
   * that have taken effect.
   */
  readonly ifExists?: 'error' | 'use' | 'sync' | undefined
  /** Keys, listen port and peers; default: none. */
  readonly config?: NamedDeviceConfig | undefined
  /**
   * Whether the endpoints of `config` may have host names, which are then resolved before anything
   * is created. Default: false, a name is `EINVAL`.
   */
  readonly resolve?: boolean | ResolveConfigOptions | undefined
  /**
   * Addresses of the interface with their prefix length: `10.7.0.1/24`. The default prefix length
   * is `/32` or `/128`. Default: no addresses.
   */
  readonly addresses?: readonly string[] | undefined
  /** In bytes; default: 1420, which WireGuard sets. */
  readonly mtu?: number | undefined
  /** Whether to bring it up; default: no. False with `ifExists: 'sync'`: to bring it down. */
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
  readonly ifExists: 'error' | 'use' | 'sync'
  readonly config: CheckedDeviceConfig | undefined
  readonly addresses: readonly string[] | undefined
  readonly mtu: number | undefined
  readonly up: boolean | undefined
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

const CREATE_OPTIONS: OptionTable<CreateOptions> = {
  ...CALL_OPTIONS,
  backend: ['auto', 'kernel', 'userspace'],
  ifExists: ['error', 'use', 'sync'],
  config: 'checked later',
  resolve: 'checked later',
  addresses: 'list',
  mtu: 'checked later',
  up: 'boolean',
  moveTo: 'checked later',
}

/**
 * Checks the names of the options, and the kinds of their values.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the option
 */
export function checkOptionNames(name: string, options: CreateOptions): void {
  checkOptions(options, CREATE_OPTIONS, { operation: 'create device', device: name })
}

// dev->mtu is an int. The kernel rejects values that a kind of interface does not support.
const LARGEST_MTU = 0x7fff_ffff

async function check(name: string, options: CreateOptions): Promise<CheckedCreateOptions> {
  checkPortableInterfaceName(name)
  if (name.startsWith('-')) throw looksLikeOption(name)
  checkOptionNames(name, options)
  const { signal, idleTimeout, timeout, mtu, moveTo, addresses } = options
  return {
    name,
    backend: options.backend ?? 'auto',
    ifExists: options.ifExists ?? 'error',
    addresses: addresses && checkAddresses(addresses),
    mtu: checkMtu(mtu),
    // Last, because lookups take time that a mistake in another option would waste.
    config: await checkConfig(name, options),
    up: options.up,
    moveTo,
    signal,
    idleTimeout,
    timeout,
  }
}

async function checkConfig(
  name: string,
  { config, resolve, signal, timeout }: CreateOptions,
): Promise<CheckedDeviceConfig | undefined> {
  if (config === undefined) return undefined
  const context = { operation: 'create device', device: name }
  return await checkDeviceConfig(
    (await resolveForCall(config, resolve, { signal, timeout }, context)).config,
  )
}

function checkMtu(mtu: number | undefined): number | undefined {
  if (mtu === undefined) return undefined
  if (Number.isInteger(mtu) && mtu > 0 && mtu <= LARGEST_MTU) return mtu
  throw unacceptable('mtu', `expected 1 to ${LARGEST_MTU} bytes`)
}

function checkAddresses(addresses: readonly string[]): readonly string[] {
  return Array.from(addresses, (address, i) => {
    atPath(`addresses[${i}]`, () => parseInterfaceAddress(address))
    return address
  })
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
