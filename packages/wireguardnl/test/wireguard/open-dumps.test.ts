import { describe, expect, it } from '@jest/globals'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { OpenDumps, openDumps } from '../../src/wireguard/open-dumps.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { deferred } from '../../../../test-fixtures/deferred.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { allowedIPsOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/** Adds a dump; what it says when it is ended. */
function add(dumps: OpenDumps, log: string[], namespace: string, index: number) {
  return dumps.add({
    namespace,
    index,
    end: async () => {
      log.push(`${namespace} ${index}`)
    },
  })
}

describe('the open dumps', () => {
  it('of an interface are ended, and no others', async () => {
    const dumps = new OpenDumps()
    const log: string[] = []
    for (const namespace of ['a', 'b'])
      for (const index of [1, 2, 1]) add(dumps, log, namespace, index)
    await dumps.end('a', 1)
    expect(log).toEqual(['a 1', 'a 1'])
  })

  it('that have ended are not ended again', async () => {
    const dumps = new OpenDumps()
    const log: string[] = []
    add(dumps, log, 'a', 1)!()
    await dumps.end('a', 1)
    expect(log).toEqual([])
  })

  it('do not begin until the deletion has ended', async () => {
    const dumps = new OpenDumps()
    const first = await dumps.end('a', 1)
    const second = await dumps.end('a', 1)
    first()
    expect(add(dumps, [], 'a', 1)).toBeUndefined()
    expect(add(dumps, [], 'a', 2)).toBeDefined()
    expect(add(dumps, [], 'b', 1)).toBeDefined()
    second()
    expect(add(dumps, [], 'a', 1)).toBeDefined()
  })

  it('are waited for', async () => {
    const dumps = new OpenDumps()
    const closing = deferred()
    dumps.add({ namespace: 'a', index: 1, end: () => closing.promise })
    let ended = false
    const end = dumps.end('a', 1).then(() => (ended = true))
    await Promise.resolve()
    expect(ended).toBe(false)
    closing.resolve()
    await end
    expect(ended).toBe(true)
  })
})

async function systemWithPeers() {
  const system = new FakeSystem()
  for (const name of ['wg0', 'wg1']) {
    system.add(name)
    await using client = new NetlinkClient(system.kernel)
    await client.configureDevice(name, {
      peers: Array.from({ length: 20 }, (_, i) => ({
        publicKey: publicKeyOf(i + 1),
        allowedIPs: allowedIPsOf(i, 40),
      })),
    })
  }
  return system
}

describe('a stream of a device', () => {
  it('ends with ENODEV when this thread deletes the device', async () => {
    const system = await systemWithPeers()
    await using client = new NetlinkClient(system.kernel)
    const doomed = client.peerBatches('wg0', { idleTimeout: 0 })
    const safe = client.peerBatches('wg1', { idleTimeout: 0 })
    await doomed.next()
    let count = (await safe.next()).value!.length
    const done = await openDumps.end('fake', system.kernel.zones.index('wg0'))
    // Before its consumer comes back.
    expect(system.sockets.filter(({ closed }) => closed).length).toBeGreaterThan(0)
    expect(await caught(doomed.next())).toMatchObject({ code: 'ENODEV', device: 'wg0' })
    expect(await caught(client.peerBatches('wg0').next())).toMatchObject({
      code: 'ENODEV',
      message: expect.stringContaining('deleted by this process'),
    })
    expect(openDumps.size).toBe(1)
    for await (const batch of safe) count += batch.length
    expect(openDumps.size).toBe(0)
    expect(count).toBe(20)
    done()
    expect((await client.peerBatches('wg0').next()).done).toBe(false)
  })

  it('of an absent device gets its error from the kernel', async () => {
    const system = await systemWithPeers()
    await using client = new NetlinkClient(system.kernel)
    const error = await caught(client.peerBatches('wg9').next())
    expect(error).toMatchObject({
      code: 'ENODEV',
      message: expect.stringContaining('no interface'),
    })
  })
})
