import { join } from 'node:path'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { SecretKey, type UpOptions, WireGuard } from '../../src/index.js'

/** A daemon says nothing while it works. */
export const PATIENTLY = { idleTimeout: 20_000 }

/** The private key in {@link tunnelText}. */
export const KEY = SecretKey.generatePrivate().toBase64()
const PEER = SecretKey.generatePrivate().publicKey()

/** Returns a file with one peer. */
export function tunnelText(allowedIPs = '0.0.0.0/0, ::/0', own: readonly string[] = []): string {
  const lines = own.map((line) => `${line}\n`).join('')
  return (
    `[Interface]\nPrivateKey = ${KEY}\nAddress = 10.8.0.2/24, fd00:8::2/64\n${lines}\n` +
    `[Peer]\nPublicKey = ${PEER}\nEndpoint = 198.51.100.7:51820\nAllowedIPs = ${allowedIPs}\n`
  )
}

/** A network namespace with an interface and default routes, in which tunnels come up. */
export class TunnelClient implements AsyncDisposable {
  readonly directory: TemporaryDirectory
  readonly space: TestNamespace
  readonly wg: WireGuard
  /** A name for a tunnel, which is deleted at the end. */
  readonly name = uniqueName()
  readonly stateDirectory: string

  private constructor(directory: TemporaryDirectory, space: TestNamespace, wg: WireGuard) {
    this.directory = directory
    this.space = space
    this.wg = wg
    this.stateDirectory = join(directory.path, 'state')
  }

  static async create(): Promise<TunnelClient> {
    const directory = await temporaryDirectory()
    const space = await TestNamespace.create()
    await space.ip(
      'link set lo up',
      'link add eth0 type veth peer name far0',
      'link set far0 up',
      'link set eth0 up',
      'address add 192.0.2.9/24 dev eth0',
      'address add 2001:db8::9/64 dev eth0 nodad',
      'route add default via 192.0.2.1',
      'route add default via 2001:db8::1',
    )
    return new TunnelClient(directory, space, await WireGuard.open({ netns: space.pid }))
  }

  /** Options of `up` that are the same in every test. */
  options(more: UpOptions = {}): UpOptions {
    return { backend: 'userspace', stateDirectory: this.stateDirectory, ...PATIENTLY, ...more }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wg.deleteDevice(this.name, { ifMissing: 'ignore', ...PATIENTLY })
    await this.wg.close()
    await this.space[Symbol.asyncDispose]()
    await this.directory[Symbol.asyncDispose]()
  }
}
