import { describe, expect, it } from '@jest/globals'
import { type TracedRequest } from 'wireguardcfg'
import { connect, errorAck, multipart } from '../../../../test-fixtures/fakes/kernel.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { samplePeers } from '../../../../test-fixtures/sample.js'
import { listenTo } from '../../../../test-fixtures/traced.js'
import { NLM_F_DUMP_INTR } from '../../src/netlink/constants.js'
import { RTM_GETLINK } from '../../src/route/constants.js'
import { routeRequestName } from '../../src/route/request-name.js'
import { NetlinkClient } from '../../src/wireguard/client.js'

const PAYLOAD = new Uint8Array(16)

describe('an exchange with the kernel', () => {
  it('publishes what was sent and received', async () => {
    using heard = listenTo<TracedRequest>('request')
    const { connection } = connect((request) => multipart(request, [PAYLOAD, PAYLOAD]))
    await connection.dump(RTM_GETLINK, PAYLOAD, () => {}, { operation: 'list links' })
    await connection.close()
    expect(heard.events.map(([event]) => event)).toStrictEqual([
      'start',
      'end',
      'asyncStart',
      'asyncEnd',
    ])
    expect(heard.ended).toStrictEqual([
      {
        transport: 'netlink',
        request: '18',
        operation: 'list links',
        sentBytes: 32,
        receivedBytes: 2 * 32 + 20,
        datagrams: 3,
        messages: 3,
        interrupted: false,
        errno: 0,
        startTime: expect.any(Number),
        duration: expect.any(Number),
        code: undefined,
        error: undefined,
      },
    ])
  })

  it('publishes that a dump was interrupted', async () => {
    using heard = listenTo<TracedRequest>('request')
    const { connection } = connect((request) =>
      multipart(request, [PAYLOAD], { flags: NLM_F_DUMP_INTR }),
    )
    await connection.dump(RTM_GETLINK, PAYLOAD, () => {})
    expect(heard.ended).toMatchObject([{ interrupted: true, errno: 0 }])
  })

  it('publishes the error of the kernel', async () => {
    using heard = listenTo<TracedRequest>('request')
    const { connection } = connect((request) => [errorAck(request, 19)])
    await expect(connection.request(RTM_GETLINK, 0, PAYLOAD)).rejects.toMatchObject({
      code: 'ENODEV',
    })
    expect(heard.ended).toMatchObject([{ code: 'ENODEV', errno: 19, messages: 1 }])
  })

  it('publishes an abort, which comes without a reply', async () => {
    using heard = listenTo<TracedRequest>('request')
    const { connection } = connect(() => [])
    const signal = AbortSignal.abort()
    await expect(connection.request(RTM_GETLINK, 0, PAYLOAD, { signal })).rejects.toThrow(
      'aborted by the caller',
    )
    expect(heard.ended).toStrictEqual([])
    const controller = new AbortController()
    const request = connection.request(RTM_GETLINK, 0, PAYLOAD, { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(request).rejects.toMatchObject({ code: 'ABORT_ERR' })
    expect(heard.ended).toMatchObject([{ code: 'ABORT_ERR', errno: undefined, receivedBytes: 0 }])
  })

  it('publishes the end of a dump whose consumer stops early', async () => {
    using heard = listenTo<TracedRequest>('request')
    const { connection } = connect((request) => multipart(request, [PAYLOAD, PAYLOAD]))
    for await (const _ of connection.messages(RTM_GETLINK, PAYLOAD)) break
    expect(heard.ended).toMatchObject([{ code: undefined, errno: undefined, datagrams: 1 }])
  })
})

describe('the requests of a NetlinkClient', () => {
  it('have the names of the kernel', async () => {
    const system = new FakeSystem()
    system.add('wg0')
    await using client = new NetlinkClient(system.kernel)
    using heard = listenTo<TracedRequest>('request')
    await client.deviceNames()
    await client.configureDevice('wg0', { peers: samplePeers(2) })
    await client.device('wg0')
    expect(heard.ended.map(({ request }) => request)).toStrictEqual([
      'RTM_GETLINK',
      'CTRL_CMD_GETFAMILY',
      'WG_CMD_SET_DEVICE',
      'WG_CMD_GET_DEVICE',
    ])
  })

  it('are numbers if no name is known', () => {
    expect(routeRequestName(99)).toBe('99')
  })
})
