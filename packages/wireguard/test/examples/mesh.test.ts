import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Peer, SecretKey, WireGuard } from '../../src/index.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { describeWith, hasEtcd, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { until } from '../../../../test-fixtures/wait.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { hasPing } from '../support/example.js'
import { ping } from '../support/tunnel.js'

const MESH = fileURLToPath(new URL('../../examples/mesh.mjs', import.meta.url))
const ETCD = 'http://10.99.0.254:2379'
/** Seconds; etcd accepts 2 at least. */
const LEASE = '3'

// The built packages run, as users run them; `npm test` builds first.
describeWith([hasEtcd, hasWireGuardGo, hasPing], 'the example of a mesh, over a real etcd', () => {
  let between: TestNamespace
  let directory: TemporaryDirectory
  let etcd: ChildProcess
  let hosts: Host[] = []

  beforeAll(async () => {
    directory = await temporaryDirectory()
    between = await TestNamespace.create()
    await between.ip(
      'link set dev lo up',
      'link add br0 type bridge',
      'address add 10.99.0.254/24 dev br0',
      'link set dev br0 up',
    )
  }, 60_000)
  afterAll(async () => {
    await between[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    etcd = await startEtcd()
  }, 60_000)
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]()
    await stop(etcd, 'SIGKILL')
  }, 60_000)

  /** Starts etcd with what it has stored. */
  async function startEtcd(): Promise<ChildProcess> {
    const flags = ['--data-dir', directory.path, '--listen-client-urls', ETCD]
    const limits = ['--advertise-client-urls', ETCD, '--log-level', 'error']
    const command = [`--net=${between.path}`, 'setpriv', '--pdeathsig', 'KILL', 'etcd']
    const child = spawn('nsenter', [...command, ...flags, ...limits], { stdio: 'ignore' })
    await until(async () => (await put({})) === 0, 'etcd answers')
    return child
  }

  /** Stores entries in etcd, by public key. Returns the status of the program that does it. */
  async function put(entries: Readonly<Record<string, unknown>>): Promise<number | string> {
    const code = `
      const base64 = (text) => Buffer.from(text).toString('base64')
      const request = (key, value) => ({
        method: 'POST',
        body: JSON.stringify({ key: base64(key), value: base64(JSON.stringify(value)) }),
        signal: AbortSignal.timeout(2000),
      })
      const entries = Object.entries(JSON.parse(process.argv[1]))
      for (const [key, value] of [['answers', true], ...entries]) {
        const { ok } = await fetch('${ETCD}/v3/kv/put', request(key, value))
        if (!ok) process.exit(1)
      }`
    const node = [process.execPath, '--input-type=module', '-e', code, JSON.stringify(entries)]
    return (await runCommand(['nsenter', `--net=${between.path}`, ...node])).code
  }

  async function join(): Promise<Host> {
    const host = await Host.create(between, hosts.length + 1)
    hosts.push(host)
    host.start()
    return host
  }

  /** Waits until each host has all others as its peers. */
  async function untilMeshed(...members: readonly Host[]): Promise<void> {
    for (const host of members)
      await until(async () => (await host.peers()).length === members.length - 1)
  }

  it('connects hosts that join, and forgets those that leave or crash', async () => {
    const [a, b, c] = [await join(), await join(), await join()]
    await untilMeshed(a, b, c)
    await untilReached(a, b)
    await untilReached(c, a)
    await stop(c.process, 'SIGTERM')
    await untilMeshed(a, b)
    // The lease was revoked, so nothing waited for its end; a crashed host is gone only then.
    c.start()
    await untilMeshed(a, b, c)
    await stop(c.process, 'SIGKILL')
    expect(await a.peers()).toHaveLength(2)
    await untilMeshed(a, b)
    expect(await ping(a.namespace, b.ip)).toBe(true)
  }, 120_000)

  it('leaves the tunnels alone while etcd is away, and after it lost what it knew', async () => {
    const [a, b] = [await join(), await join()]
    await untilMeshed(a, b)
    await untilReached(a, b)
    const keys = async () => (await a.peers()).map(({ publicKey }) => publicKey)
    const before = await keys()
    await stop(etcd, 'SIGKILL')
    await a.untilItSaid(/the tunnels stay/)
    await b.untilItSaid(/the tunnels stay/)
    expect(await ping(a.namespace, b.ip)).toBe(true)
    // A crash of the program during that time leaves its interface as it is.
    await stop(a.process, 'SIGKILL')
    await runCommand(['rm', '-r', `${directory.path}/member`])
    etcd = await startEtcd()
    a.start()
    const c = await join()
    await untilMeshed(a, b, c)
    expect(await keys()).toEqual(expect.arrayContaining(before))
    expect(a.output).not.toContain(`removed ${before[0]}`)
    expect(await ping(a.namespace, b.ip)).toBe(true)
  }, 120_000)

  it('follows 200 hosts, and ignores what it cannot use', async () => {
    const a = await join()
    const keys = Array.from({ length: 199 }, () => SecretKey.generatePrivate().publicKey())
    const all = keys.map((key, i) => [`wireguard-mesh/${key}`, entry(i + 2, 1)] as const)
    expect(await put(Object.fromEntries(all))).toBe(0)
    await until(async () => (await a.peers()).length === 199)
    const [stranger, thief] = [SecretKey.generatePrivate(), SecretKey.generatePrivate()]
    expect(
      await put({
        [`wireguard-mesh/${keys[5]}`]: entry(7, 2),
        'wireguard-mesh/no-key': entry(9, 1),
        [`wireguard-mesh/${keys[8]}`]: { endpoint: 'x', allowedIPs: [] },
        [`wireguard-mesh/${stranger.publicKey()}`]: { ...entry(9, 1), allowedIPs: ['0.0.0.0/0'] },
        [`wireguard-mesh/${thief.publicKey()}`]: entry(10, 1),
      }),
    ).toBe(0)
    await until(async () => (await a.peers()).length === 200)
    const peers = new Map((await a.peers()).map((peer) => [peer.publicKey, peer]))
    expect(peers.get(keys[5]!)).toMatchObject({ endpoint: { port: 2 } })
    expect(peers.get(keys[8]!)).toMatchObject({ allowedIPs: ['10.8.0.10/32'] })
    expect(peers.get(thief.publicKey())).toMatchObject({ allowedIPs: [] })
    expect(peers.has(stranger.publicKey())).toBe(false)
    expect(a.output).toContain('0.0.0.0/0 is not in 10.8.0.0/24')
  }, 120_000)
})

/**
 * Waits for an answer. A handshake that begins before the other end knows the peer is repeated
 * after five seconds.
 */
async function untilReached(from: Host, to: Host): Promise<void> {
  await until(() => ping(from.namespace, to.ip), `${from.ip} reaches ${to.ip}`)
}

/** What the host with this last number in its addresses publishes. */
function entry(number: number, port: number) {
  return { endpoint: `10.99.1.${number}:${port}`, allowedIPs: [`10.8.0.${number}/32`] }
}

/** A host in a namespace of its own, whose program is started and ended. */
class Host implements AsyncDisposable {
  readonly namespace: TestNamespace
  readonly #number: number
  readonly #name = uniqueName()
  readonly #wg: WireGuard
  #process: ChildProcess | undefined
  #output = ''

  private constructor(namespace: TestNamespace, number: number, wg: WireGuard) {
    this.namespace = namespace
    this.#number = number
    this.#wg = wg
  }

  /** Makes a host on the network of a bridge in the namespace `between`. */
  static async create(between: TestNamespace, number: number): Promise<Host> {
    const namespace = await TestNamespace.create()
    await between.ip(
      `link add name h${number} type veth peer name eth0 netns ${namespace.pid}`,
      `link set dev h${number} master br0 up`,
    )
    await namespace.ip(
      `address add 10.99.0.${number}/24 dev eth0`,
      'link set dev eth0 up',
      'link set dev lo up',
    )
    return new Host(namespace, number, await WireGuard.open({ netns: namespace.pid }))
  }

  /** Its address in the mesh. */
  get ip(): string {
    return `10.8.0.${this.#number}`
  }

  get process(): ChildProcess {
    return this.#process!
  }

  /** What its program has printed. */
  get output(): string {
    return this.#output
  }

  start(): void {
    const args = [this.#name, `${this.ip}/24`, `10.99.0.${this.#number}:51820`, ETCD]
    const command = [`--net=${this.namespace.path}`, process.execPath, MESH, ...args]
    const child = spawn('nsenter', command, { env: { ...process.env, LEASE } })
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
      })
    }
    this.#process = child
  }

  async peers(): Promise<readonly Peer[]> {
    const names = await this.#wg.deviceNames()
    return names.length === 0 ? [] : (await this.#wg.device(this.#name)).peers
  }

  async untilItSaid(text: RegExp): Promise<void> {
    await until(() => text.test(this.#output), `${this.ip} said ${text}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.process, 'SIGKILL')
    await this.#wg.deleteDevice(this.#name, { ifMissing: 'ignore', idleTimeout: 20_000 })
    await this.#wg.close()
    await this.namespace[Symbol.asyncDispose]()
  }
}

/** Ends a process and waits for its end. */
async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}
