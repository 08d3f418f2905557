import type { CallOptions, DeviceConfig } from 'wireguardcfg'
import { CALL_OPTIONS, type OptionTable } from 'wireguardcfg/internal'
import type { ResolveConfigOptions } from '../resolve/options.js'

/** Options of `WireGuard.replaceDevice`. */
export interface ReplaceOptions extends CallOptions {
  /**
   * Whether endpoints may have host names, which are then resolved before anything is changed.
   * Default: false, a name is `EINVAL`.
   */
  readonly resolve?: boolean | ResolveConfigOptions | undefined
}

export const REPLACE_OPTIONS: OptionTable<ReplaceOptions> = {
  ...CALL_OPTIONS,
  resolve: 'checked later',
}

/**
 * Returns the configuration that replaces that of a device, as `wg setconf` does. It resets the
 * absent fields of the device and removes every existing peer, which ends all sessions.
 */
export function replacement(config: DeviceConfig): DeviceConfig {
  const { privateKey, listenPort, firewallMark, peers, ...rest } = config
  return {
    // Keep misspelt fields, so that the check rejects them.
    ...rest,
    privateKey: privateKey ?? null,
    listenPort: listenPort ?? 0,
    firewallMark: firewallMark ?? 0,
    replacePeers: true,
    peers: peers ?? [],
  }
}
