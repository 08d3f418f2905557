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

/** What the events of a watch tell: which devices there are, who is connected, the rates. */
export class Live {
  readonly #connected = new Map<string, Set<PublicKey>>()
  readonly #errors = new Map<string | undefined, string>()
  readonly #rates = new Rates()

  /** The names of the devices. */
  get devices(): readonly string[] {
    return [...this.#connected.keys()]
  }

  /** Why devices could not be read, one line each. */
  get errors(): readonly string[] {
    return [...this.#errors.values()]
  }

  /** Takes the next event. */
  apply(event: WatchEvent): void {
    // What can be told can be read.
    if (event.type !== 'error' && 'device' in event) this.#errors.delete(event.device)
    switch (event.type) {
      case 'device-added':
        this.#connected.set(event.device, new Set())
        this.#errors.delete(undefined)
        return
      case 'device-removed':
        this.#connected.delete(event.device)
        return
      case 'device-renamed':
        this.#rename(event.from, event.device)
        return
      case 'connected':
        this.#connected.get(event.device)?.add(event.publicKey)
        return
      case 'disconnected':
        this.#connected.get(event.device)?.delete(event.publicKey)
        return
      case 'traffic':
        this.#rates.add(
          keyOf(event.device, event.publicKey),
          event.at.getTime(),
          event.receiveBytes,
          event.transmitBytes,
        )
        return
      case 'peer-removed':
        this.#rates.delete(keyOf(event.device, event.publicKey))
        return
      case 'error':
        this.#errors.set(event.device, event.error.message)
        return
      default:
        return
    }
  }

  /** Returns a row for each peer. `now` is in milliseconds. */
  rows(source: LiveSource, now: number): Row[] {
    return this.devices.flatMap((name) => {
      const connected = this.#connected.get(name)
      return (source.snapshot(name)?.peers ?? []).map((peer) => {
        const { publicKey, endpoint, lastHandshake, receiveBytes, transmitBytes } = peer
        const { received, sent } = this.#rates.at(keyOf(name, publicKey), now)
        return {
          device: name,
          publicKey,
          name: source.nameOf(publicKey),
          endpoint: endpoint === undefined ? '' : formatEndpoint(endpoint),
          isConnected: connected?.has(publicKey) === true,
          handshakeAge:
            lastHandshake === undefined ? undefined : Math.max(0, now - lastHandshake.getTime()),
          receiveRate: received,
          transmitRate: sent,
          receiveBytes,
          transmitBytes,
        }
      })
    })
  }

  #rename(from: string, to: string): void {
    const connected = this.#connected.get(from)
    this.#connected.delete(from)
    this.#connected.set(to, connected ?? new Set())
    this.#errors.delete(from)
  }
}

function keyOf(device: string, publicKey: PublicKey): string {
  return `${publicKey}${device}`
}
