import type { CallOptions, Device, DeviceConfig } from 'wireguardcfg'
import { checkDeviceConfig, type CheckedDeviceConfig, markChecked } from 'wireguardcfg/backend'
import { diffDeviceFields, diffPeers, type Endpoints, type SyncResult } from './diff.js'

/** Options of {@link syncDevice}. */
export interface SyncOptions extends CallOptions {
  /**
   * The configuration that was written last time. With it, an endpoint is written when the
   * configuration's own text of it changed, and a peer that roamed meanwhile keeps the endpoint it
   * has. Without it, see `endpoints`.
   */
  readonly previous?: DeviceConfig | undefined
  /**
   * What happens without `previous` to the endpoint of a peer that is somewhere else than the
   * configuration says. `keep-roamed`, the default: it is written unless the peer has ever
   * completed a handshake, because only such a peer can have roamed. `write`: it is always written,
   * as `wg syncconf` does.
   */
  readonly endpoints?: 'keep-roamed' | 'write' | undefined
}

/** The two calls of a backend, or of the facade, that a synchronisation makes. */
export interface SyncTarget {
  device(name: string, options?: CallOptions): Promise<Device>
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void>
}

/**
 * Makes a device what `config` says by sending only what differs, so that sessions go on and no
 * packet is lost. See `WireGuard.syncDevice` for the rules.
 */
export async function syncDevice(
  target: SyncTarget,
  name: string,
  config: DeviceConfig,
  { previous, endpoints = 'keep-roamed', ...options }: SyncOptions = {},
): Promise<SyncResult> {
  // Checked before anything is read, and once: a difference between checked configurations needs no
  // further check.
  const wanted = await checkDeviceConfig(config)
  const before = previous === undefined ? undefined : await checkDeviceConfig(previous)
  const device = await target.device(name, options)
  const policy: Endpoints = before === undefined ? endpoints : lastWritten(before)
  const { changes, result } = diffPeers(device, wanted, policy)
  const difference: CheckedDeviceConfig = {
    ...diffDeviceFields(device, wanted),
    ...(changes.length === 0 ? {} : { peers: changes }),
  }
  if (Object.keys(difference).length > 0) {
    await target.configureDevice(name, markChecked(difference), options)
  }
  return result
}

function lastWritten({ peers = [] }: CheckedDeviceConfig): Endpoints {
  return new Map(peers.map(({ publicKey, endpoint }) => [publicKey, endpoint]))
}
