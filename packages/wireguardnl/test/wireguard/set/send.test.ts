import { describe, expect, it } from '@jest/globals'
import type { CallOptions } from 'wireguardcfg'
import { type CheckedDeviceConfig, KeyedQueue } from 'wireguardcfg/backend'
import { turns } from '../../../../../test-fixtures/wait.js'
import { Connection } from '../../../src/netlink/connection.js'
import { NETLINK_GENERIC } from '../../../src/netlink/constants.js'
import { WriterGate } from '../../../src/netlink/writer-gate.js'
import { NetlinkCall } from '../../../src/wireguard/call.js'
import { WG_GENL_NAME } from '../../../src/wireguard/constants.js'
import { ConnectionPool } from '../../../src/wireguard/pool.js'
import { DeviceSession } from '../../../src/wireguard/session.js'
import { sendConfig } from '../../../src/wireguard/set/send.js'
import { caught } from '../../../../../test-fixtures/caught.js'
import { FakeSystem } from '../../../../../test-fixtures/fakes/system.js'
import { publicKeyOf } from '../../../../../test-fixtures/sample.js'

interface Options {
  readonly limits?: CallOptions
  /** The zone that is no interface when its message is written. */
  readonly missing?: string
  /** Turns of the event loop for which another call has the device before the first message. */
  readonly busy?: number
}

/**
 * Sends a configuration of four messages, one peer in each, whose endpoint has a zone of its own.
 */
async function start({ limits, missing, busy = 0 }: Options = {}) {
  const events: string[] = []
  const system = new FakeSystem({
    beforeSend: async () => {
      events.push('begin')
      await turns(3)
      events.push('end')
    },
  })
  const wg0 = system.add('wg0')
  const { kernel } = system
  const gate = new WriterGate()
  const open = () => new Connection(() => kernel.open(NETLINK_GENERIC), gate)
  const exchanges = new KeyedQueue()
  const resources = { kernel, pool: new ConnectionPool(open), exchanges }
  // Without limits of time, nothing is left running.
  const unlimited = { idleTimeout: 0, timeout: 0 }
  const call = new NetlinkCall({ operation: 'configure device' }, { ...unlimited, ...limits })
  const session = new DeviceSession('wg0', call, resources)
  await session.exchange((connection) => kernel.families.resolve(connection, WG_GENL_NAME))
  const config: CheckedDeviceConfig = {
    peers: [0, 1, 2, 3].map((i) => ({
      publicKey: publicKeyOf(i + 1),
      endpoint: { host: `fe80::1%zone${i}`, port: 1 },
    })),
  }
  const options = {
    device: 'wg0',
    zones: {
      index: (name: string) => {
        events.push(name)
        return name === missing ? 0 : 7
      },
      name: () => undefined,
    },
    limit: 100,
  }
  const send = () => {
    if (busy > 0) void exchanges.run('wg0', call.deadline, () => turns(busy))
    return sendConfig(session, config, options)
  }
  return { events, wg0, send }
}

describe('sendConfig', () => {
  it('encodes each message while the previous one is being sent, and sends it afterwards', async () => {
    const { events, wg0, send } = await start()
    await send()
    // The first peer of the next message is tried in each.
    expect(events.join(' ')).toBe(
      'zone0 zone1 begin zone1 zone2 end begin zone2 zone3 end begin zone3 end begin end',
    )
    expect([...wg0.peers.values()].map(({ endpoint }) => endpoint?.[8])).toEqual([
      0xfe, 0xfe, 0xfe, 0xfe,
    ])
  })

  it.each([
    ['on its way', 0, 'zone0 zone1 begin zone1 zone2 end'],
    ['not even on its way', 3, 'zone0 zone1 zone1 zone2 begin end'],
  ])(
    'sends a message that is %s when the next one turns out to be impossible, and fails then',
    async (_, busy, order) => {
      const { events, wg0, send } = await start({ busy, missing: 'zone2' })
      expect(await caught(send())).toMatchObject({ code: 'EINVAL' })
      expect(events.join(' ')).toBe(order)
      expect(wg0.peers.size).toBe(1)
    },
  )

  it('sends nothing more after an abort', async () => {
    const controller = new AbortController()
    const { events, wg0, send } = await start({ limits: { signal: controller.signal } })
    const sent = caught(send())
    await turns(1)
    controller.abort()
    expect(await sent).toMatchObject({ code: 'ABORT_ERR', applied: 'unknown' })
    await turns(10)
    expect(events.filter((event) => event === 'begin')).toHaveLength(1)
    expect(wg0.peers.size).toBe(1)
  })
})
