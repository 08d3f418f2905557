import { markChecked } from '../backend/check.js'
import type { AllowedIP } from '../model/allowed-ip.js'
import type { CheckedDeviceConfig, CheckedPeerConfig } from '../model/config.js'
import type { PublicKey } from '../model/key.js'

/**
 * Merges the configurations of a file with repeated public keys into one. Each peer gets the state
 * in which the configurations would leave it if they were applied in order.
 */
export function mergeConfigs(configs: readonly CheckedDeviceConfig[]): CheckedDeviceConfig {
  const [first = {}, ...rest] = configs
  if (rest.length === 0) return first
  return markChecked({ ...first, peers: mergePeers(configs.flatMap(({ peers = [] }) => peers)) })
}

/** Merges the sections of a file with repeated public keys, as {@link mergeConfigs} does. */
export function mergePeers(sections: readonly CheckedPeerConfig[]): CheckedPeerConfig[] {
  const merged = new Map<PublicKey, MergedPeer>()
  const owners = new Map<AllowedIP, MergedPeer>()
  for (const section of sections) {
    const peer = merged.get(section.publicKey) ?? new MergedPeer(section.publicKey)
    merged.set(section.publicKey, peer)
    peer.take(section)
    for (const allowedIP of section.allowedIPs ?? []) {
      const owner = owners.get(allowedIP)
      // It moves to this peer, and does not return if this peer loses it.
      if (owner !== peer) owner?.lose(allowedIP)
      owners.set(allowedIP, peer)
    }
  }
  return Array.from(merged.values(), (peer) => peer.config())
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
