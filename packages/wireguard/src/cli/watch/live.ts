import { type Device, formatEndpoint, type PublicKey } from 'wireguardcfg'
import type { WatchEvent } from '../../watch/events.js'
import { Rates } from './rates.js'

/** A peer in the view. */
export interface Row {
  readonly device: string
  readonly publicKey: PublicKey
  /** Its name; undefined: it has none. */
  readonly name: string | undefined
  /** As text; empty: none. */
  readonly endpoint: string
  readonly isConnected: boolean
  /** Milliseconds since the last handshake; undefined: there was none. */
  readonly handshakeAge: number | undefined
  /** Bytes a second. */
  readonly receiveRate: number
  /** Bytes a second. */
  readonly transmitRate: number
  readonly receiveBytes: number
  readonly transmitBytes: number
}

/** What a view reads besides events. */
export interface LiveSource {
  /** The device as it was last read. */
  snapshot(name: string): Device | undefined
  /** The name of a peer. */
  nameOf(publicKey: PublicKey): string | undefined
}

/** What events tell of a device, beside its snapshot. */
interface LiveDevice {
  readonly connected: Set<PublicKey>
  readonly rates: Rates
}

/** What the events of a watch tell: which devices there are, who is connected, the rates. */
export class Live {
  readonly #devices = new Map<string, LiveDevice>()
  readonly #errors = new Map<string | undefined, string>()

  /** The names of the devices. */
  get devices(): readonly string[] {
    return [...this.#devices.keys()]
  }

  /** Why devices could not be read, one line each. */
  get errors(): readonly string[] {
    return [...this.#errors.values()]
  }

  /** Takes the next event. */
  apply(event: WatchEvent): void {
    if (event.type === 'resync') return
    if (event.type === 'error') {
      this.#errors.set(event.device, event.error.message)
      return
    }
    // What can be told can be read.
    this.#errors.delete(event.device)
    const device = this.#devices.get(event.device)
    switch (event.type) {
      case 'device-added':
        this.#errors.delete(undefined)
        this.#devices.set(event.device, { connected: new Set(), rates: new Rates() })
        return
      case 'device-removed':
        this.#devices.delete(event.device)
        return
      case 'device-renamed':
        this.#rename(event.from, event.device)
        return
      case 'connected':
        device?.connected.add(event.publicKey)
        return
      case 'disconnected':
        device?.connected.delete(event.publicKey)
        return
      case 'traffic': {
        const { publicKey, at, receiveBytes, transmitBytes } = event
        device?.rates.add(publicKey, at.getTime(), receiveBytes, transmitBytes)
        return
      }
      case 'peer-removed':
        device?.rates.delete(event.publicKey)
        return
      default:
        return
    }
  }

  /** Returns a row for each peer. `now` is in milliseconds. */
  rows(source: LiveSource, now: number): Row[] {
    return Array.from(this.#devices).flatMap(([name, { connected, rates }]) =>
      (source.snapshot(name)?.peers ?? []).map((peer) => {
        const { publicKey, endpoint, lastHandshake, receiveBytes, transmitBytes } = peer
        const { received, sent } = rates.at(publicKey, now)
        return {
          device: name,
          publicKey,
          name: source.nameOf(publicKey),
          endpoint: endpoint === undefined ? '' : formatEndpoint(endpoint),
          isConnected: connected.has(publicKey),
          handshakeAge:
            lastHandshake === undefined ? undefined : Math.max(0, now - lastHandshake.getTime()),
          receiveRate: received,
          transmitRate: sent,
          receiveBytes,
          transmitBytes,
        }
      }),
    )
  }

  #rename(from: string, to: string): void {
    const device = this.#devices.get(from)
    this.#devices.delete(from)
    this.#errors.delete(from)
    if (device !== undefined) this.#devices.set(to, device)
  }
}
