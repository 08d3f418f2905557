import type { AllowedIP, PublicKey } from 'wireguardcfg'
import { type CheckedDeviceConfig, type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'

/**
 * Merges the configurations of a file with repeated public keys into one. Each peer gets the state
 * in which the configurations would leave it if they were applied in order.
 */
export function mergeConfigs(configs: readonly CheckedDeviceConfig[]): CheckedDeviceConfig {
  const [first = {}, ...rest] = configs
  if (rest.length === 0) return first
  const merged = new Map<PublicKey, MergedPeer>()
  const owners = new Map<AllowedIP, MergedPeer>()
  for (const config of configs.flatMap(({ peers = [] }) => peers)) {
    const peer = merged.get(config.publicKey) ?? new MergedPeer(config.publicKey)
    merged.set(config.publicKey, peer)
    peer.take(config)
    for (const allowedIP of config.allowedIPs ?? []) {
      const owner = owners.get(allowedIP)
      // It moves to this peer, and does not return if this peer loses it.
      if (owner !== peer) owner?.lose(allowedIP)
      owners.set(allowedIP, peer)
    }
  }
  return markChecked({ ...first, peers: Array.from(merged.values(), (peer) => peer.config()) })
}

class MergedPeer {
  #config: CheckedPeerConfig
  readonly #allowedIPs = new Set<AllowedIP>()
  /** The allowed IPs to remove; undefined: the list replaces that of the device. */
  #lost: Set<AllowedIP> | undefined = new Set()

  constructor(publicKey: PublicKey) {
    this.#config = { publicKey }
  }

  /** Applies a later section. */
  take(config: CheckedPeerConfig): void {
    this.#config = { ...this.#config, ...config }
    if (config.removeAllowedIPs === undefined) {
      this.#allowedIPs.clear()
      this.#lost = undefined
    }
    for (const allowedIP of config.removeAllowedIPs ?? []) this.lose(allowedIP)
    for (const allowedIP of config.allowedIPs ?? []) {
      this.#allowedIPs.add(allowedIP)
      this.#lost?.delete(allowedIP)
    }
  }

  /** Removes an allowed IP. */
  lose(allowedIP: AllowedIP): void {
    this.#allowedIPs.delete(allowedIP)
    this.#lost?.add(allowedIP)
  }

  /** Returns the merged configuration of the peer. */
  config(): CheckedPeerConfig {
    return {
      ...this.#config,
      allowedIPs: [...this.#allowedIPs],
      replaceAllowedIPs: this.#lost === undefined,
      removeAllowedIPs: this.#lost && [...this.#lost],
    }
  }
}
