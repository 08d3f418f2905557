import {
  checkEndpoint,
  type DeviceConfig,
  type Endpoint,
  parseEndpoint,
  parsePublicKey,
  type PeerConfig,
  type PublicKey,
} from 'wireguardcfg'
import { MOST_PEERS } from 'wireguardcfg/internal'
import { isSameEndpoint } from '../same-endpoint.js'
import type { WasWritten } from './watched-device.js'

/**
 * The endpoints that this process has written since they were last seen to change, so that a change
 * can be told from a peer that roams.
 */
export class WrittenNow {
  readonly #devices = new Map<string, Map<PublicKey, Endpoint>>()

  /**
   * Notes a configuration that is about to be written. It has not been checked: what is wrong with
   * it, the write tells.
   */
  note(name: string, config: DeviceConfig): void {
    const peers: unknown = config?.peers
    if (!Array.isArray(peers) || peers.length > MOST_PEERS) return
    for (const peer of peers) {
      const written = canonical(peer)
      if (written === undefined) continue
      const endpoints = this.#devices.get(name) ?? new Map<PublicKey, Endpoint>()
      this.#devices.set(name, endpoints)
      endpoints.set(written.publicKey, written.endpoint)
    }
  }

  /** Returns whether an endpoint of a device was written here. Each is found once. */
  of(name: string): WasWritten {
    return (publicKey, endpoint) => {
      const written = this.#devices.get(name)?.get(publicKey)
      if (written === undefined || endpoint === undefined) return false
      if (!isSameEndpoint(written, endpoint)) return false
      this.#devices.get(name)?.delete(publicKey)
      return true
    }
  }

  rename(from: string, to: string): void {
    const endpoints = this.#devices.get(from)
    if (endpoints === undefined) return
    this.#devices.delete(from)
    this.#devices.set(to, endpoints)
  }

  forget(name: string): void {
    this.#devices.delete(name)
  }
}

/** Returns the endpoint of a peer as devices report it; undefined when it has no valid one. */
function canonical(
  peer: Partial<PeerConfig> | undefined,
): { readonly publicKey: PublicKey; readonly endpoint: Endpoint } | undefined {
  try {
    const { publicKey, endpoint } = peer ?? {}
    if (publicKey === undefined || endpoint === undefined) return undefined
    return {
      publicKey: parsePublicKey(publicKey),
      endpoint: typeof endpoint === 'string' ? parseEndpoint(endpoint) : checkEndpoint(endpoint),
    }
  } catch {
    return undefined
  }
}
