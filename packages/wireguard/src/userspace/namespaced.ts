import {
  type Backend,
  type CallOptions,
  type Device,
  type DeviceConfig,
  type UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import type { Network } from '../network.js'

/**
 * The userspace devices of a network namespace. Sockets belong to no namespace, so the client sees
 * all of them. A socket belongs to the namespace if the namespace has an interface of its name that
 * is not of the link kind `wireguard`.
 */
export class NamespacedUserspace implements Backend {
  readonly kind = 'userspace'
  readonly #client: UapiClient
  readonly #network: Network

  /** Takes over the client, which `close()` closes. The network stays open. */
  constructor(client: UapiClient, network: Network) {
    this.#client = client
    this.#network = network
  }

  async deviceNames(options?: CallOptions): Promise<string[]> {
    const names: string[] = []
    for (const name of await this.#client.deviceNames(options)) {
      if (await this.#isHere(name, options)) names.push(name)
    }
    return names
  }

  /** Checks only the socket, because a search in the namespace is asynchronous. */
  mayHave(name: string): boolean {
    return this.#client.mayHave(name)
  }

  async device(name: string, options?: CallOptions): Promise<Device> {
    await this.#check('read device', name, options)
    return await this.#client.device(name, options)
  }

  async configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    await this.#check('configure device', name, options)
    await this.#client.configureDevice(name, config, options)
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #check(operation: string, device: string, options?: CallOptions): Promise<void> {
    if (await this.#isHere(device, options)) return
    throw new WireGuardError('no such userspace interface', {
      code: 'ENODEV',
      operation,
      device,
      detail: 'not in this network namespace',
    })
  }

  async #isHere(name: string, options?: CallOptions): Promise<boolean> {
    const link = await this.#network.find(name, options)
    return link !== undefined && link.kind !== 'wireguard'
  }
}
