import { describe, expect, it } from '@jest/globals'
import { loadExchange } from '../../../../test-fixtures/load.js'
import { hex } from '../../../../test-fixtures/hex.js'
import {
  ack,
  connect,
  errorAck,
  multipart,
  reply as answer,
} from '../../../../test-fixtures/fakes/kernel.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import { parsePrefix } from '../../src/routes/prefix-text.js'
import { formatRoute, readRoute, type RouteInit } from '../../src/routes/route.js'
import { formatRule, readRule, type RuleInit } from '../../src/routes/rule.js'
import {
  addRoute,
  decodeRoute,
  deleteRoute,
  encodeLookup,
  listRoutes,
  lookUpRoute,
  replaceRoute,
} from '../../src/route/route.js'
import { decodeRule, encodeRule, listRules } from '../../src/route/rule.js'

/** The payloads of the messages of this type in a capture, as they were sent or received. */
function payloads(name: string, type: number, direction: 'sent' | 'received'): Uint8Array[] {
  const found: Uint8Array[] = []
  for (const datagram of loadExchange(`netlink/6.12/${name}.hex`)[direction]) {
    for (const message = new MessageReader(datagram); message.next();) {
      if (message.type === type) found.push(datagram.slice(message.start, message.end))
    }
  }
  return found
}

const [NEWROUTE, DELROUTE, GETROUTE, NEWRULE, DELRULE] = [24, 25, 26, 32, 33]
const nameOf = (index: number) => ({ 4: 'eth0', 5: 'wg0' })[index]

function decode<T>(type: number, payload: Uint8Array, decodeOne: (message: MessageReader) => T): T {
  const message = new MessageReader(encodeMessage({ type, flags: 0, sequence: 1 }, payload))
  message.next()
  return decodeOne(message)
}

/** The payload of the request that a call sends. */
async function sent(call: (connection: ReturnType<typeof connect>['connection']) => Promise<void>) {
  const { connection, kernels } = connect((request) => [ack(request)])
  await call(connection)
  await connection.close()
  return kernels[0]!.requests[0]!
}

describe('a route to add', () => {
  it.each<[string, RouteInit & { index?: number }]>([
    ['route-add-4-main', { destination: '10.9.0.0/16', index: 5 }],
    ['route-add-4-default-51820', { destination: '0.0.0.0/0', table: 51_820, index: 5 }],
    ['route-add-4-table-small', { destination: '10.10.0.0/16', table: 123, index: 5 }],
    ['route-add-6-default-51820', { destination: '::/0', table: 51_820, index: 5 }],
    ['route-add-6-main', { destination: 'fd00:9::/48', index: 5 }],
    ['route-add-6-metric', { destination: 'fd00:11::/48', metric: 77, index: 5 }],
    [
      'route-add-4-mtu-metric',
      { destination: '10.11.0.0/16', metric: 77, mtu: 1380, protocol: 118, index: 5 },
    ],
    ['route-add-4-via', { destination: '203.0.113.9', gateway: '192.0.2.1', index: 4 }],
    [
      'route-add-4-unreachable',
      { destination: '0.0.0.0/0', type: 'unreachable', metric: 4_294_967_295, table: 51_820 },
    ],
  ])('has the bytes of ip: %s', async (name, { index, ...init }) => {
    const request = await sent((connection) => addRoute(connection, { ...readRoute(init), index }))
    expect(request.type).toBe(NEWROUTE)
    expect(request.flags).toBe(0x605)
    const [expected] = payloads(name, NEWROUTE, 'sent')
    // ip sends the metrics and the table in another order.
    expect(sorted(request.payload)).toEqual(sorted(expected!))
  })

  it('to put in the place of another has them too', async () => {
    const init = readRoute({ destination: '10.11.0.0/16', metric: 77 })
    const request = await sent((connection) => replaceRoute(connection, { ...init, index: 5 }))
    // NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE and NLM_F_REPLACE.
    expect(request.flags).toBe(0x505)
    const [expected] = payloads('route-replace-4', NEWROUTE, 'sent')
    // ip sends the metrics and the table in another order.
    expect(sorted(request.payload)).toEqual(sorted(expected!))
  })

  it.each<[string, RouteInit]>([
    ['route-del-4', { destination: '10.9.0.0/16' }],
    ['route-del-6', { destination: 'fd00:9::/48' }],
  ])('or to delete has them too: %s', async (name, init) => {
    const request = await sent((connection) =>
      deleteRoute(connection, { ...readRoute(init), index: 5 }),
    )
    expect(request.type).toBe(DELROUTE)
    expect(request.payload).toEqual(payloads(name, DELROUTE, 'sent')[0])
  })
})

/** Header and attributes of a route, the attributes by their bytes. */
function sorted(payload: Uint8Array): string[] {
  const parts = [Buffer.from(payload.subarray(0, 12)).toString('hex')]
  for (let at = 12; at < payload.length;) {
    const length = payload[at]! | (payload[at + 1]! << 8)
    // ip does not mark a nest as one.
    const bytes = Buffer.from(payload.slice(at, at + length))
    bytes[3]! &= 0x7f
    parts.push(bytes.toString('hex'))
    at += (length + 3) & ~3
  }
  return [parts[0]!, ...parts.slice(1).toSorted()]
}

/** The payload of a route, with its table and its interface in hexadecimal. */
function defaultRoute(table: string, index: string): Uint8Array {
  return hex(`02 00 0000 00 03 fd 01 00000000  0800 0f00 ${table}  0800 0400 ${index}`)
}

describe('routes of the kernel', () => {
  it.each([
    [
      'route-show-all',
      [
        '0.0.0.0/0 wg0 table 51820 scope 253 proto 3',
        '10.10.0.0/16 wg0 table 123 scope 253 proto 3',
        '0.0.0.0/0 eth0 via 192.0.2.1 table 254 scope 0 proto 3',
        '10.8.0.0/24 wg0 src 10.8.0.2 table 254 scope 253 proto 2',
        '10.9.0.0/16 wg0 table 254 scope 253 proto 3',
        '10.11.0.0/16 wg0 table 254 scope 253 proto 3 metric 77',
        '192.0.2.0/24 eth0 src 192.0.2.2 table 254 scope 253 proto 2',
        '198.51.100.0/24 eth0 via 192.0.2.1 table 254 scope 0 proto 3 mtu 1400',
        '203.0.113.9/32 eth0 via 192.0.2.1 table 254 scope 0 proto 3',
      ],
    ],
    ['route-show-table', ['0.0.0.0/0 wg0 table 51820 scope 253 proto 3']],
    ['route6-show-table', ['::/0 wg0 table 51820 scope 0 proto 3 metric 1024']],
  ])('are read: %s', (name, expected) => {
    const lines = payloads(name, NEWROUTE, 'received').map((payload) => {
      const route = formatRoute(
        decode(NEWROUTE, payload, (message) => decodeRoute(message))!,
        nameOf,
      )
      const { destination, device, gateway, source, table, scope, protocol, metric, mtu } = route
      const words = [destination, device, gateway && `via ${gateway}`, source && `src ${source}`]
      const numbers = `table ${table} scope ${scope} proto ${protocol}`
      const others = [metric > 0 && `metric ${metric}`, mtu && `mtu ${mtu}`]
      return [...words, numbers, ...others]
        .filter((word) => word !== undefined && word !== false)
        .join(' ')
    })
    // Those of the local table are another matter.
    expect(lines.filter((line) => !line.includes('table 255'))).toEqual(expected)
  })

  it('that only remember a lookup are no routes', () => {
    const [payload] = payloads('route-get-4', NEWROUTE, 'received')
    expect(decode(NEWROUTE, payload!, (message) => decodeRoute(message))).toBeUndefined()
  })

  it('of a table that does not exist are none', async () => {
    const { connection } = connect((request) => [errorAck(request, 2)])
    expect(await listRoutes(connection, 2, { table: 77, index: 0 })).toEqual([])
    await connection.close()
  })

  it('of IPv6 are none on a kernel without it, which lists those of IPv4', async () => {
    const routes = [defaultRoute('fe000000', '05000000')]
    const { connection } = connect((request) => multipart(request, routes, { type: NEWROUTE }))
    const all = { table: 0, index: 0 }
    expect(await listRoutes(connection, 2, all)).toHaveLength(1)
    expect(await listRoutes(connection, 10, all)).toEqual([])
    await connection.close()
    const without = connect((request) => [errorAck(request, 97)])
    expect(await listRules(without.connection, 10)).toEqual([])
    await without.connection.close()
  })

  it('are filtered also by a kernel that does not', async () => {
    const routes = ['05000000', '06000000'].flatMap((index) =>
      ['6cca0000', 'fe000000'].map((table) => defaultRoute(table, index)),
    )
    const { connection } = connect((request) => multipart(request, routes, { type: NEWROUTE }))
    const found = await listRoutes(connection, 2, { table: 51_820, index: 5 })
    expect(found.map(({ table, index }) => [table, index])).toEqual([[51_820, 5]])
    await connection.close()
  })

  it.each([
    ['cut', '02 08 0000 fe 03 fd'],
    ['with a length of 33', '02 21 0000 fe 03 fd 01 00000000'],
    ['of IPv6 with four bytes', '0a 20 0000 fe 03 fd 01 00000000 0800 0100 0a000000'],
    ['with a gateway of three bytes', '02 08 0000 fe 03 fd 01 00000000 0700 0500 0a0000'],
  ])('are malformed when they are %s', (_, bytes) => {
    const read = () => decode(NEWROUTE, hex(bytes), (message) => decodeRoute(message))
    expect(read).toThrow(MalformedMessageError)
  })
})

describe('a lookup', () => {
  it.each([
    ['route-get-4', '192.0.2.1', 0, { device: 'eth0', source: '192.0.2.2', gateway: undefined }],
    ['route-get-4-mark', '8.8.8.8', 51_820, { device: 'eth0', gateway: '192.0.2.1', table: 254 }],
    ['route-get-4-mtu', '198.51.100.9', 0, { device: 'eth0', mtu: 1400 }],
    ['route-get-6', '2001:db8:1::1', 0, { device: 'eth0', source: '2001:db8:1::2', metric: 256 }],
    ['route-get-6-mark', '2606::1', 51_820, { gateway: '2001:db8:1::1', metric: 1024 }],
  ])('is sent and read: %s', async (name, address, mark, expected) => {
    const bytes = parsePrefix(address, 'address').address
    const [request] = payloads(name, GETROUTE, 'sent')
    expect(encodeLookup(bytes, mark)).toEqual(request)
    const [reply] = payloads(name, NEWROUTE, 'received')
    const { connection } = connect((asked) => [
      answer(asked, reply!, { type: NEWROUTE }),
      ack(asked),
    ])
    const route = formatRoute(await lookUpRoute(connection, bytes, mark), nameOf)
    await connection.close()
    expect(route).toMatchObject(expected)
  })
})

describe('a rule to add', () => {
  it.each<[string, RuleInit]>([
    ['rule-add-4-notmark', { family: 4, invert: true, firewallMark: 51_820, table: 51_820 }],
    ['rule-add-6-notmark', { family: 6, invert: true, firewallMark: 51_820, table: 51_820 }],
    ['rule-add-4-suppress', { family: 4, table: 254, suppressPrefixLength: 0 }],
    ['rule-add-6-suppress', { family: 6, table: 254, suppressPrefixLength: 0 }],
    [
      'rule-add-4-prio',
      {
        family: 4,
        priority: 30_000,
        invert: true,
        firewallMark: 0x1234,
        firewallMask: 0xffff,
        table: 51_820,
        protocol: 118,
      },
    ],
  ])('has the bytes of ip: %s', (name, init) => {
    expect(encodeRule(readRule(init))).toEqual(payloads(name, NEWRULE, 'sent')[0])
  })

  it('or to delete has them too, but for the action, which ip leaves open', () => {
    const ours = encodeRule(readRule({ family: 4, table: 254, suppressPrefixLength: 0 }))
    const [theirs] = payloads('rule-del-4-suppress', DELRULE, 'sent')
    ours[7] = theirs![7]!
    expect(ours).toEqual(theirs)
  })
})

describe('rules of the kernel', () => {
  it.each([
    ['rule-show-4', [0, 29_999, 30_000, 32_764, 32_765, 32_766, 32_767]],
    ['rule-show-6', [0, 32_764, 32_765, 32_766]],
  ])('are read: %s', (name, priorities) => {
    const rules = payloads(name, NEWRULE, 'received').map((payload) =>
      formatRule(decode(NEWRULE, payload, (message) => decodeRule(message))!),
    )
    expect(rules.map(({ priority }) => priority)).toEqual(priorities)
    expect(rules.find(({ priority }) => priority === 32_764)).toMatchObject({
      action: 'lookup',
      table: 254,
      invert: false,
      suppressPrefixLength: 0,
      firewallMask: 0,
    })
    expect(rules.find(({ priority }) => priority === 32_765)).toMatchObject({
      table: 51_820,
      invert: true,
      firewallMark: 51_820,
      firewallMask: 0xffff_ffff,
      suppressPrefixLength: undefined,
      source: undefined,
      inputDevice: undefined,
    })
    if (name.endsWith('4')) {
      expect(rules[2]).toMatchObject({ firewallMark: 0x1234, firewallMask: 0xffff, protocol: 118 })
    }
  })

  it.each([
    ['cut', '02 00 0000 fe 00 00'],
    ['with a length of 33', '02 21 0000 fe 0000 01 00000000'],
    ['with a mark of two bytes', '02 00 0000 fe 0000 01 00000000 0600 0a00 6cca'],
  ])('are malformed when they are %s', (_, bytes) => {
    const read = () => decode(NEWRULE, hex(bytes), (message) => decodeRule(message))
    expect(read).toThrow(MalformedMessageError)
  })
})
