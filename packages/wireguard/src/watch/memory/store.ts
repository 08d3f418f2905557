import type { PublicKey } from 'wireguardcfg'

/** Something that is kept of peers. A Map is one. */
export interface Store<Value> extends Iterable<[PublicKey, Value]> {
  get(publicKey: PublicKey): Value | undefined
  /** Keeps a value of a peer that is known. */
  set(publicKey: PublicKey, value: Value): unknown
  /** Returns whether there was a value. */
  delete(publicKey: PublicKey): boolean
  clear(): void
}
