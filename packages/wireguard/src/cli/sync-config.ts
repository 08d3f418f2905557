import type { AllowedIP, PublicKey } from 'wireguardcfg'
import { type CheckedDeviceConfig, type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'

/**
 * One configuration for the several that a file with repeated public keys makes: what applying them
 * one after the other leaves of each peer.
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
    for (const range of config.allowedIPs ?? []) {
      const owner = owners.get(range)
      // It moves, and does not come back when its new owner loses it.
      if (owner !== peer) owner?.lose(range)
      owners.set(range, peer)
    }
  }
  return markChecked({ ...first, peers: Array.from(merged.values(), (peer) => peer.config()) })
}

class MergedPeer {
  #config: CheckedPeerConfig
  readonly #ranges = new Set<AllowedIP>()
  /** `undefined`: the list is whole. */
  #lost: Set<AllowedIP> | undefined = new Set()

  constructor(publicKey: PublicKey) {
    this.#config = { publicKey }
  }

  /** Applies what a later section says. */
  take(config: CheckedPeerConfig): void {
    this.#config = { ...this.#config, ...config }
    if (config.removeAllowedIPs === undefined) {
      this.#ranges.clear()
      this.#lost = undefined
    }
    for (const range of config.removeAllowedIPs ?? []) this.lose(range)
    for (const range of config.allowedIPs ?? []) {
      this.#ranges.add(range)
      this.#lost?.delete(range)
    }
  }

  lose(range: AllowedIP): void {
    this.#ranges.delete(range)
    this.#lost?.add(range)
  }

  config(): CheckedPeerConfig {
    return {
      ...this.#config,
      allowedIPs: [...this.#ranges],
      replaceAllowedIPs: this.#lost === undefined,
      removeAllowedIPs: this.#lost && [...this.#lost],
    }
  }
}
