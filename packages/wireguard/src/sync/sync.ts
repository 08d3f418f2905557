import type { CallOptions, Device, DeviceConfig, NamedDeviceConfig } from 'wireguardcfg'
import { checkDeviceConfig, type CheckedDeviceConfig, markChecked } from 'wireguardcfg/backend'
import { CALL_OPTIONS, checkOptions, type OptionTable } from 'wireguardcfg/internal'
import { withAddresses } from '../resolve/config.js'
import { resolveForCall } from '../resolve/for-call.js'
import type { ResolveConfigOptions } from '../resolve/options.js'
import { diffDeviceFields, diffPeers, type Endpoints, type SyncResult } from './diff.js'

/** Options of `WireGuard.syncDevice`. */
export interface SyncOptions extends CallOptions {
  /**
   * The configuration that was written last time. An endpoint is then written when it differs
   * between the two configurations; a peer that has roamed keeps its current endpoint. An endpoint
   * that is absent here was not written, so the one of the new configuration is. Therefore keep the
   * endpoint that was written last, also after a configuration without it. Without `previous`, the
   * policy is that of `endpoints`.
   */
  readonly previous?: NamedDeviceConfig | undefined
  /**
   * The policy without `previous` for an endpoint that differs from the current one. `keep-roamed`,
   * the default: the endpoint is written unless the peer has completed a handshake, because only
   * such a peer can have roamed. `write`: it is always written, as `wg syncconf` does.
   */
  readonly endpoints?: 'keep-roamed' | 'write' | undefined
  /**
   * Whether endpoints may have host names, which are then resolved before anything is read or
   * changed. Default: false, a name is `EINVAL`. A name in `previous` counts as the same endpoint
   * if the configuration has the same name.
   */
  readonly resolve?: boolean | ResolveConfigOptions | undefined
}

const SYNC_OPTIONS: OptionTable<SyncOptions> = {
  ...CALL_OPTIONS,
  previous: 'checked later',
  endpoints: ['keep-roamed', 'write'],
  resolve: 'checked later',
}

/** The two methods that {@link syncDevice} needs, of a backend or of `WireGuard`. */
export interface SyncTarget {
  device(name: string, options?: CallOptions): Promise<Device>
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void>
}

/**
 * Makes a device match `config`. Sends only the differences, so sessions continue and no packet is
 * lost. The rules are those of `WireGuard.syncDevice`.
 */
export async function syncDevice(
  target: SyncTarget,
  name: string,
  named: NamedDeviceConfig,
  given: SyncOptions = {},
): Promise<SyncResult> {
  const context = { operation: 'sync device', device: name }
  checkOptions(given, SYNC_OPTIONS, context)
  const { previous, endpoints = 'keep-roamed', resolve, ...options } = given
  const { config, addresses } = await resolveForCall(named, resolve, options, context)
  // Check before the device is read. The difference of checked configurations needs no check.
  const wanted = await checkDeviceConfig(config)
  const before =
    previous === undefined
      ? undefined
      : await checkDeviceConfig(
          addresses === undefined ? previous : withAddresses(previous, addresses),
        )
  const policy: Endpoints = before === undefined ? endpoints : lastWritten(before)
  return await syncChecked(target, name, wanted, () => policy, options)
}

/**
 * Makes a device match a checked configuration.
 *
 * @param policyOf returns the policy for endpoints, once the device has been read
 */
export async function syncChecked(
  target: SyncTarget,
  name: string,
  wanted: CheckedDeviceConfig,
  policyOf: (device: Device) => Endpoints,
  options: CallOptions,
): Promise<SyncResult> {
  const device = await target.device(name, options)
  const { changes, result } = diffPeers(device, wanted, policyOf(device))
  const difference: CheckedDeviceConfig = {
    ...diffDeviceFields(device, wanted),
    ...(changes.length === 0 ? {} : { peers: changes }),
  }
  if (Object.keys(difference).length > 0) {
    await target.configureDevice(name, markChecked(difference), options)
  }
  return result
}

/** Returns the policy for endpoints after a configuration that was written last time. */
export function lastWritten({ peers = [] }: CheckedDeviceConfig): Endpoints {
  return new Map(peers.map(({ publicKey, endpoint }) => [publicKey, endpoint]))
}
