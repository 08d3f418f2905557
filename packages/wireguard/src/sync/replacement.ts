import type { DeviceConfig } from 'wireguardcfg'

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
