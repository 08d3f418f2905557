import { join } from 'node:path'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { SecretKey, type UpOptions, WireGuard } from '../../src/index.js'
import { PATIENTLY } from './tunnel-client.js'

/** Addresses at the router that stand for the internet, and those beside the client. */
export const INTERNET = { 4: '8.8.8.8', 6: '2606:4700::1' }
export const LAN = { 4: '192.0.2.1', 6: '2001:db8::1' }
/** The endpoint of the far end: behind the default route, and beside the client. */
export const BEHIND = '198.51.100.7:51820'
export const BESIDE = '192.0.2.1:51820'
/** The address of the far end in the tunnel. */
export const FAR = '10.8.0.1'

/** A client, and a router at which its default routes end and the far end of a tunnel is. */
export class RoutedNetwork implements AsyncDisposable {
  readonly #directory: TemporaryDirectory
  readonly #backend: 'kernel' | 'userspace'
  readonly client: TestNamespace
  readonly router: TestNamespace
  /** Opened in the namespace of the client, and in that of the router. */
  readonly wg: WireGuard
  readonly far: WireGuard
  /** A name for a tunnel of the client, which is deleted at the end. */
  readonly name = uniqueName()
  readonly farName = uniqueName()
  readonly own = SecretKey.generatePrivate()
  readonly other = SecretKey.generatePrivate()

  private constructor(
    backend: 'kernel' | 'userspace',
    directory: TemporaryDirectory,
    [client, router]: readonly [TestNamespace, TestNamespace],
    [wg, far]: readonly [WireGuard, WireGuard],
  ) {
    this.#backend = backend
    this.#directory = directory
    this.client = client
    this.router = router
    this.wg = wg
    this.far = far
  }

  static async create(backend: 'kernel' | 'userspace'): Promise<RoutedNetwork> {
    const directory = await temporaryDirectory()
    const client = await TestNamespace.create()
    const router = await TestNamespace.create()
    await client.ip(
      'link set lo up',
      `link add eth0 type veth peer name eth netns ${router.pid}`,
      'link set eth0 up',
      'address add 192.0.2.9/24 dev eth0',
      'address add 2001:db8::9/64 dev eth0 nodad',
    )
    await router.ip(
      'link set lo up',
      'link set eth up',
      `address add ${LAN[4]}/24 dev eth`,
      `address add ${LAN[6]}/64 dev eth nodad`,
      'address add 198.51.100.7/32 dev lo',
      `address add ${INTERNET[4]}/32 dev lo`,
      `address add ${INTERNET[6]}/128 dev lo nodad`,
    )
    await client.ip(`route add default via ${LAN[4]}`, `route add default via ${LAN[6]}`)
    const made = new RoutedNetwork(
      backend,
      directory,
      [client, router],
      [await WireGuard.open({ netns: client.pid }), await WireGuard.open({ netns: router.pid })],
    )
    await made.#makeFarEnd()
    return made
  }

  async #makeFarEnd(): Promise<void> {
    const peer = {
      publicKey: this.own.publicKey(),
      allowedIPs: ['10.8.0.2/32', 'fd00:8::2/128'],
    }
    await this.far.createDevice(this.farName, {
      backend: this.#backend,
      config: { privateKey: this.other, listenPort: 51_820, peers: [peer] },
      addresses: [`${FAR}/24`, 'fd00:8::1/64'],
      up: true,
      ...PATIENTLY,
    })
  }

  /** Options of `up` that are the same in every test. */
  options(more: UpOptions = {}): UpOptions {
    const { path } = this.#directory
    return {
      backend: this.#backend,
      stateDirectory: join(path, 'state'),
      ...PATIENTLY,
      ...more,
    }
  }

  /** Returns the file of the client. */
  text(allowedIPs = '0.0.0.0/0, ::/0', endpoint = BEHIND): string {
    return (
      `[Interface]\nPrivateKey = ${this.own.toBase64()}\n` +
      'Address = 10.8.0.2/24, fd00:8::2/64\n' +
      `[Peer]\nPublicKey = ${this.other.publicKey()}\nEndpoint = ${endpoint}\n` +
      `AllowedIPs = ${allowedIPs}\n`
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.far.deleteDevice(this.farName, PATIENTLY)
    await this.wg.deleteDevice(this.name, { ifMissing: 'ignore', ...PATIENTLY })
    await this.wg.close()
    await this.far.close()
    await this.client[Symbol.asyncDispose]()
    await this.router[Symbol.asyncDispose]()
    await this.#directory[Symbol.asyncDispose]()
  }
}
