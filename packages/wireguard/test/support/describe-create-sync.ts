import { expect, it } from '@jest/globals'
import type { TracedRequest } from 'wireguardcfg'
import { type CreateOptions, WireGuard } from '../../src/index.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { publicKeyOf, privateKeyOf } from '../../../../test-fixtures/sample.js'
import { listenTo } from '../../../../test-fixtures/traced.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { openTunnel } from './tunnel.js'

const [A, B, C] = [publicKeyOf(1), publicKeyOf(2), publicKeyOf(3)]
const READS = /^(?:get|WG_CMD_GET_DEVICE|RTM_GET\w+|CTRL_\w+)$/

/** `createDevice` with `ifExists: 'sync'`, for a program that restarts. */
export function describeCreateSync(backend: 'kernel' | 'userspace'): void {
  const options: CreateOptions = {
    backend,
    ifExists: 'sync',
    config: {
      privateKey: privateKeyOf(1),
      listenPort: 51_871,
      peers: [{ publicKey: A, allowedIPs: ['10.7.0.2/32'] }, { publicKey: B }],
    },
    addresses: ['10.7.0.1/24', '10.7.0.9/24', 'fd00::1/64'],
    mtu: 1380,
    up: true,
    idleTimeout: 20_000,
  }

  it('creates it, changes nothing the second time, and does not delete it', async () => {
    await using namespace = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: namespace.pid })
    const name = uniqueName()
    await using device = await wg.createDevice(name, options)
    expect(device).toMatchObject({ created: true, backend })
    const state = async () => {
      const read = await wg.device(name)
      // wireguard-go tells its peers in another order each time.
      const peers = read.peers.toSorted((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
      return [{ ...read, peers }, await wg.addresses(name), await wg.link(name)]
    }
    const before = await state()

    using heard = listenTo<TracedRequest>('request')
    {
      await using again = await wg.createDevice(name, options)
      expect(again).toMatchObject({ created: false, backend })
    }
    const requests = heard.ended.map(({ request }) => request)
    expect(requests.length).toBeGreaterThan(2)
    expect(requests.filter((request) => !READS.test(request))).toEqual([])
    expect(await state()).toEqual(before)
  }, 60_000)

  it('brings it to exactly what is asked for, and leaves the rest', async () => {
    await using namespace = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: namespace.pid })
    const name = uniqueName()
    await using device = await wg.createDevice(name, options)
    expect(device.created).toBe(true)
    const linkLocal = (await wg.addresses(name)).filter((address) => address.startsWith('fe80'))

    await wg.createDevice(name, {
      ...options,
      mtu: 1400,
      // The first one takes the second with it when it is removed; the third has another length.
      addresses: ['10.7.0.9/24', 'fd00::1/48', '10.8.0.1/24', '10.8.0.1/24'],
      config: { peers: [{ publicKey: C, allowedIPs: ['10.7.0.3/32'] }, { publicKey: A }] },
    })
    const { peers, listenPort, privateKey } = await wg.device(name)
    expect(new Map(peers.map(({ publicKey, allowedIPs }) => [publicKey, allowedIPs]))).toEqual(
      new Map([
        [A, []],
        [C, ['10.7.0.3/32']],
      ]),
    )
    expect([listenPort, privateKey?.equals(privateKeyOf(1))]).toEqual([51_871, true])
    expect((await wg.addresses(name)).toSorted()).toEqual(
      [...linkLocal, '10.7.0.9/24', '10.8.0.1/24', 'fd00::1/48'].toSorted(),
    )
    expect(await wg.link(name)).toMatchObject({ mtu: 1400, up: true })

    // What is absent stays, but for IPv6 addresses: going down removes those.
    await wg.createDevice(name, { backend, ifExists: 'sync', up: false })
    expect(await wg.link(name)).toMatchObject({ mtu: 1400, up: false })
    expect((await wg.device(name)).peers).toHaveLength(2)
    await wg.createDevice(name, { backend, ifExists: 'sync', addresses: [], up: true })
    expect((await wg.addresses(name)).filter((one) => !one.startsWith('fe80'))).toEqual([])
    expect((await wg.device(name)).peers).toHaveLength(2)
  }, 60_000)

  it('keeps sessions', async () => {
    await using tunnel = await openTunnel(backend)
    const { left, right } = tunnel
    expect(await tunnel.ping()).toBe(true)
    const [peer] = (await left.wg.device(left.name)).peers
    const added = { publicKey: C, allowedIPs: ['10.9.0.0/16'] }
    await left.wg.createDevice(left.name, {
      ifExists: 'sync',
      addresses: [`${left.ip}/24`, '10.9.0.1/24'],
      config: { peers: [{ publicKey: right.publicKey, allowedIPs: [right.ip] }, added] },
      up: true,
    })
    expect(await tunnel.ping()).toBe(true)
    const { peers } = await left.wg.device(left.name)
    expect(peers).toHaveLength(2)
    expect(peers.find(({ publicKey }) => publicKey === right.publicKey)).toMatchObject({
      lastHandshake: peer!.lastHandshake,
      endpoint: peer!.endpoint,
    })
  }, 60_000)

  it('says what had taken effect when a step fails', async () => {
    await using namespace = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: namespace.pid })
    const name = uniqueName()
    await using device = await wg.createDevice(name, options)
    expect(device.created).toBe(true)
    // An interface does not take the address of a broadcast to everyone.
    const addresses = ['10.8.0.1/24', 'ff02::1/64']
    const error = await caught(() =>
      wg.createDevice(name, { ...options, mtu: 1400, addresses, config: { firewallMark: 7 } }),
    )
    expect(error).toMatchObject({
      operation: 'create device',
      device: name,
      applied: ['mtu', 'config', 'addresses'],
      message: expect.stringContaining('mtu, config, addresses had already been applied'),
    })
    expect(await wg.device(name)).toMatchObject({ firewallMark: 7 })
    expect(await wg.addresses(name)).toContain('10.8.0.1/24')
    const other = backend === 'kernel' ? 'userspace' : 'kernel'
    await expect(wg.createDevice(name, { ...options, backend: other })).rejects.toMatchObject({
      code: 'EEXIST',
    })
  }, 60_000)
}
