import {
  checkEndpoint,
  type DeviceConfig,
  type Endpoint,
  parseEndpoint,
  type PublicKey,
} from 'wireguardcfg'
import { isSameEndpoint } from './settle.js'
import type { WasWritten } from './watched-device.js'

/**
 * The endpoints that this process has written since they were last seen to change, so that a change
 * can be told from a peer that roams.
 */
export class WrittenNow {
  readonly #devices = new Map<string, Map<PublicKey, Endpoint>>()

  /** Notes a configuration that is about to be written. */
  note(name: string, { peers = [] }: DeviceConfig): void {
    for (const { publicKey, endpoint } of peers) {
      const written = endpoint === undefined ? undefined : canonical(endpoint)
      if (written === undefined) continue
      const endpoints = this.#devices.get(name) ?? new Map<PublicKey, Endpoint>()
      this.#devices.set(name, endpoints)
      endpoints.set(publicKey, written)
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

/** Returns the endpoint as devices report it; undefined when it is none: the write refuses it. */
function canonical(endpoint: Endpoint | string): Endpoint | undefined {
  try {
    return typeof endpoint === 'string' ? parseEndpoint(endpoint) : checkEndpoint(endpoint)
  } catch {
    return undefined
  }
}
