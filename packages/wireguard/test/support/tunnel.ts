import { spawnSync } from 'node:child_process'
import { SecretKey, WireGuard } from '../../src/index.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'

// A daemon says nothing while it works.
const PATIENTLY = { idleTimeout: 20_000 }

/** One end of a tunnel. */
export interface TunnelEnd {
  /** Opened in the namespace of the interface. */
  readonly wg: WireGuard
  readonly name: string
  readonly publicKey: string
  /** Its address inside the tunnel. */
  readonly ip: string
  /** Where the other end reaches it at the beginning. */
  readonly endpoint: string
  readonly namespace: TestNamespace
}

/** Two interfaces, each in a namespace of its own. Their packets use the loopback of a third. */
export interface Tunnel extends AsyncDisposable {
  readonly left: TunnelEnd
  readonly right: TunnelEnd
  /** Whether an echo request of the left end is answered within a second. */
  readonly ping: () => Promise<boolean>
}

/** Makes a tunnel. Needs what `hasPing` and the backend need. */
export async function openTunnel(backend: 'kernel' | 'userspace'): Promise<Tunnel> {
  // The last one first. Node 20 has no AsyncDisposableStack.
  const made: AsyncDisposable[] = []
  const use = <T extends AsyncDisposable>(one: T): T => {
    made.unshift(one)
    return one
  }
  const dispose = async () => {
    for (const one of made.splice(0)) await one[Symbol.asyncDispose]()
  }
  try {
    return await open(backend, use, dispose)
  } catch (error) {
    await dispose()
    throw error
  }
}

async function open(
  backend: 'kernel' | 'userspace',
  use: <T extends AsyncDisposable>(one: T) => T,
  dispose: () => Promise<void>,
): Promise<Tunnel> {
  const between = use(await TestNamespace.create())
  await between.ip('link set dev lo up')
  const make = use(await WireGuard.open({ netns: between.pid }))
  const keys = [SecretKey.generatePrivate(), SecretKey.generatePrivate()] as const
  const end = async (own: 0 | 1): Promise<TunnelEnd> => {
    const other = own === 0 ? 1 : 0
    const namespace = use(await TestNamespace.create())
    const name = uniqueName()
    const ip = `10.7.0.${own + 1}`
    const peer = {
      publicKey: keys[other].publicKey(),
      endpoint: `127.0.0.1:${51_871 + other}`,
      allowedIPs: [`10.7.0.${other + 1}/32`],
    }
    const device = await make.createDevice(name, {
      backend,
      config: { privateKey: keys[own], listenPort: 51_871 + own, peers: [peer] },
      moveTo: namespace.pid,
      addresses: [`${ip}/24`],
      up: true,
      ...PATIENTLY,
    })
    use({ [Symbol.asyncDispose]: () => device.delete(PATIENTLY) })
    const wg = use(await WireGuard.open({ netns: namespace.pid }))
    const endpoint = `127.0.0.1:${51_871 + own}`
    return { wg, name, publicKey: keys[own].publicKey(), ip, endpoint, namespace }
  }
  const left = await end(0)
  const right = await end(1)
  return {
    left,
    right,
    ping: () => ping(left.namespace, right.ip),
    [Symbol.asyncDispose]: dispose,
  }
}

/** Whether an echo request from a namespace is answered within a second. */
export async function ping(from: TestNamespace, ip: string): Promise<boolean> {
  const command = [...PING, '-c', '1', '-W', '1', ip] as const
  return (await runCommand(['nsenter', `--net=${from.path}`, ...command])).code === 0
}

const PING = spawnSync('which', ['ping']).status === 0 ? ['ping'] : ['busybox', 'ping']
