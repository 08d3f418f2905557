import type { DeviceConfig } from 'wireguardcfg'

/**
 * The configuration that makes a device what `config` says and nothing else, as `wg setconf` does:
 * what is absent of the device is reset, and every peer that is there now is removed, which ends
 * its session.
 */
export function replacement(config: DeviceConfig): DeviceConfig {
  const { privateKey, listenPort, firewallMark, peers, ...rest } = config
  return {
    // A misspelt field is still there, to be refused.
    ...rest,
    privateKey: privateKey ?? null,
    listenPort: listenPort ?? 0,
    firewallMark: firewallMark ?? 0,
    replacePeers: true,
    peers: peers ?? [],
  }
}
