import type { Endpoint, PublicKey } from 'wireguardcfg'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'

/**
 * The endpoints that `applyConf` wrote last, by interface, so that a peer that has roamed keeps its
 * endpoint until the file names another one.
 */
export class WrittenEndpoints {
  readonly #interfaces = new Map<
    string,
    { readonly identity: string | undefined; readonly endpoints: Map<PublicKey, Endpoint> }
  >()

  /**
   * Returns the endpoints of an interface; undefined if none were written yet.
   *
   * @param identity of the interface; another one of the same name has another identity
   */
  of(name: string, identity: string | undefined): ReadonlyMap<PublicKey, Endpoint> | undefined {
    return this.#of(name, identity)
  }

  /**
   * Records a configuration that was applied. A peer that has no endpoint in it keeps the one that
   * was written before; a peer that the interface no longer has is forgotten.
   */
  note(
    name: string,
    identity: string | undefined,
    { peers = [] }: CheckedDeviceConfig,
    removed: readonly PublicKey[],
  ): void {
    const endpoints = this.#of(name, identity) ?? new Map<PublicKey, Endpoint>()
    for (const publicKey of removed) endpoints.delete(publicKey)
    for (const { publicKey, endpoint } of peers) {
      if (endpoint !== undefined) endpoints.set(publicKey, endpoint)
    }
    this.#interfaces.set(name, { identity, endpoints })
  }

  /** Forgets an interface that was deleted. */
  forget(name: string): void {
    this.#interfaces.delete(name)
  }

  #of(name: string, identity: string | undefined): Map<PublicKey, Endpoint> | undefined {
    const known = this.#interfaces.get(name)
    return known?.identity === identity ? known?.endpoints : undefined
  }
}
