import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { type CheckedPeerConfig, markChecked } from 'wireguardcfg/backend'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { kernelCapabilities } from '../../src/capabilities.js'
import { NetlinkLinks } from '../../src/links/links.js'
import { type Namespace, openNamespace, withinNamespace } from '../../src/namespace/namespace.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { kernelIn } from '../../src/wireguard/kernel.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import {
  namespacesOfThreads,
  openDescriptors,
  withoutPrivileges,
} from '../../../../test-fixtures/process.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/** A network namespace with all that reaches it. */
class Place implements AsyncDisposable {
  readonly namespace: Namespace
  readonly links: NetlinkLinks
  readonly client: NetlinkClient
  readonly #held: TestNamespace

  private constructor(held: TestNamespace) {
    this.#held = held
    this.namespace = openNamespace(held.pid)
    const kernel = kernelIn(this.namespace)
    this.links = new NetlinkLinks(kernel)
    this.client = new NetlinkClient(kernel)
  }

  static async create(): Promise<Place> {
    return new Place(await TestNamespace.create())
  }

  get pid(): number {
    return this.#held.pid
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.links.close(), this.client.close()])
    this.namespace.close()
    await this.#held[Symbol.asyncDispose]()
  }
}

/** Peers whose dump takes four datagrams. */
const PEERS: CheckedPeerConfig[] = Array.from({ length: 20 }, (_, i) => ({
  publicKey: publicKeyOf(i + 1),
  allowedIPs: allowedIPsOf(i, 200),
}))

// The kernel takes its time for the remains of earlier namespaces, where it is emulated.
const PATIENTLY = { idleTimeout: 60_000 }

describeWith(hasKernelWireGuard, 'network namespaces of a real kernel', () => {
  // oxlint-disable jest/no-standalone-expect -- what every one of these tests is held to
  let home: string[]
  beforeEach(() => {
    home = namespacesOfThreads()
    expect(home).toHaveLength(1)
  })
  afterEach(() => {
    expect(namespacesOfThreads()).toEqual(home)
  })
  // oxlint-enable jest/no-standalone-expect

  it('have interfaces of the same name side by side', async () => {
    await using one = await Place.create()
    await using two = await Place.create()
    const places = [one, two]
    await Promise.all(
      places.map(async ({ links, client }, i) => {
        await links.createLink('wg0')
        await client.configureDevice('wg0', { firewallMark: i + 1, peers: PEERS.slice(i) })
        await links.addAddress('wg0', `10.${i}.0.1/24`)
      }),
    )
    const devices = await Promise.all(places.map(({ client }) => client.device('wg0')))
    expect(devices.map((device) => [device.firewallMark, device.peers.length])).toEqual([
      [1, 20],
      [2, 19],
    ])
    const addresses = await Promise.all(places.map(({ links }) => links.addresses('wg0')))
    expect(addresses).toEqual([['10.0.0.1/24'], ['10.1.0.1/24']])
    await using outside = new NetlinkLinks()
    expect(await caught(outside.link('wg0'))).toMatchObject({ code: 'ENODEV' })
    await one.links.deleteLink('wg0')
    expect(await one.client.deviceNames()).toEqual([])
    expect(await two.client.deviceNames()).toEqual(['wg0'])
  })

  it('receive an interface from another one, with its configuration', async () => {
    await using one = await Place.create()
    await using two = await Place.create()
    await one.links.createLink('wgmove')
    await one.client.configureDevice('wgmove', { listenPort: 51555, peers: PEERS.slice(18) })
    const before = await one.client.device('wgmove')
    await one.links.moveLink('wgmove', two.namespace)
    // Those whom it left notice.
    expect(await caught(one.client.device('wgmove'))).toMatchObject({ code: 'ENODEV' })
    expect(await caught(one.links.setLink('wgmove', { up: true }))).toMatchObject({
      code: 'ENODEV',
    })
    expect(await one.client.deviceNames()).toEqual([])
    expect(await two.client.device('wgmove')).toEqual({ ...before, index: expect.any(Number) })
    await two.links.setLink('wgmove', { up: true })
    // And back, by the id of a process; the handle is still open.
    await two.links.moveLink('wgmove', one.pid)
    expect(await one.links.link('wgmove')).toMatchObject({ kind: 'wireguard', up: false })
    expect(two.namespace.fd).toBeGreaterThan(0)
  })

  it('do not receive an interface whose name they have', async () => {
    await using one = await Place.create()
    await using two = await Place.create()
    await one.links.createLink('wgsame')
    await two.links.createLink('wgsame')
    expect(await caught(one.links.moveLink('wgsame', two.pid))).toMatchObject({
      code: 'EEXIST',
      operation: 'move interface',
      device: 'wgsame',
    })
    expect((await one.links.link('wgsame')).name).toBe('wgsame')
  })

  it('lose an interface during a read of it, which reads all of it or reports its absence', async () => {
    await using one = await Place.create()
    await using two = await Place.create()
    await one.links.createLink('wgaway')
    await one.client.configureDevice('wgaway', markChecked({ peers: PEERS }))
    const stream = one.client.peerBatches('wgaway', { idleTimeout: 0 })
    let count = (await stream.next()).value!.length
    await one.links.moveLink('wgaway', two.namespace)
    try {
      for await (const batch of stream) count += batch.length
      expect(count).toBe(PEERS.length)
    } catch (error) {
      expect(['ENODEV', 'EAGAIN']).toContain((error as { code: string }).code)
    }
    expect((await two.client.device('wgaway')).peers).toHaveLength(PEERS.length)
  })

  it('end only their own streams when an interface is deleted', async () => {
    await using one = await Place.create()
    await using two = await Place.create()
    for (const { links, client } of [one, two]) {
      await links.createLink('wgstream')
      await client.configureDevice('wgstream', markChecked({ peers: PEERS }))
    }
    expect(await one.links.link('wgstream')).toEqual(await two.links.link('wgstream'))
    const doomed = one.client.peerBatches('wgstream', { idleTimeout: 0 })
    const safe = two.client.peerBatches('wgstream', { idleTimeout: 0 })
    await doomed.next()
    let count = (await safe.next()).value!.length
    await one.links.deleteLink('wgstream')
    expect(await caught(doomed.next())).toMatchObject({ code: 'ENODEV' })
    for await (const batch of safe) count += batch.length
    expect(count).toBe(PEERS.length)
  })

  it('have zones of their own', async () => {
    await using place = await Place.create()
    await place.links.createLink('wg0')
    await place.links.createLink('wgzone')
    const endpoint = { host: 'fe80::1%wgzone', port: 51820 }
    await place.client.configureDevice('wg0', { peers: [{ publicKey: publicKeyOf(1), endpoint }] })
    const { peers: read } = await place.client.device('wg0')
    expect(read[0]!.endpoint).toEqual(endpoint)
    await using outside = new NetlinkClient()
    await using links = new NetlinkLinks()
    await links.createLink('wgzones')
    const config = { peers: [{ publicKey: publicKeyOf(1), endpoint }] }
    expect(await caught(outside.configureDevice('wgzones', config))).toMatchObject({
      code: 'EINVAL',
    })
    await links.deleteLink('wgzones')
  })

  it('are entered to spawn a child, and left after any error', async () => {
    await using place = await Place.create()
    const { namespace } = place
    const inside = readlinkSync(`/proc/${place.pid}/ns/net`)
    const child = withinNamespace(namespace, () =>
      spawn('readlink', ['/proc/self/ns/net'], { stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    child.stdout.setEncoding('utf8')
    const [output] = (await once(child.stdout, 'data')) as [string]
    expect(output.trim()).toBe(inside)
    expect(
      withinNamespace(namespace, () => execFileSync('readlink', ['/proc/self/ns/net'])),
    ).toEqual(Buffer.from(`${inside}\n`))
    const failing = () =>
      withinNamespace(namespace, () => {
        throw new Error('inside')
      })
    expect(failing).toThrow('inside')
    expect(namespacesOfThreads()).toEqual(home)
  })

  it('are not entered without privileges', async () => {
    await using place = await Place.create()
    await withoutPrivileges(async () => {
      const refused = { code: 'EPERM', hint: expect.stringContaining('CAP_SYS_ADMIN') }
      expect(await caught(place.links.link('lo'))).toMatchObject(refused)
      expect(await caught(place.client.deviceNames())).toMatchObject(refused)
      expect(await caught(place.client.device('wg0'))).toMatchObject(refused)
      const { kernel, read, create } = await kernelCapabilities(kernelIn(place.namespace))
      for (const capability of [kernel, read, create]) {
        expect(capability).toEqual({ ok: false, reason: expect.stringContaining('CAP_SYS_ADMIN') })
      }
    })
    expect(await place.links.link('lo')).toMatchObject({ index: 1 })
  })

  it('are used 50 times without leaving a descriptor', async () => {
    await using target = await Place.create()
    const held = await TestNamespace.create()
    const round = async () => {
      using namespace = openNamespace(held.pid)
      await using links = new NetlinkLinks(kernelIn(namespace))
      await links.createLink('wground', {}, PATIENTLY)
      await links.moveLink('wground', target.namespace, PATIENTLY)
      await target.links.deleteLink('wground', PATIENTLY)
      await caught(links.moveLink('wground', target.pid))
      await caught(() => openNamespace('/dev/null'))
    }
    await round()
    const before = openDescriptors()
    for (let i = 0; i < 50; i++) await round()
    expect(openDescriptors()).toBe(before)
    await held[Symbol.asyncDispose]()
  })
})
