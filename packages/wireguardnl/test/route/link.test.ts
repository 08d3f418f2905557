import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { describeWith } from '../../../../test-fixtures/require.js'
import { openNamespace, withinNamespace } from '../../src/namespace/namespace.js'
import { Connection } from '../../src/netlink/connection.js'
import { NETLINK_ROUTE, NLM_F_DUMP_INTR } from '../../src/netlink/constants.js'
import { KernelSocket, type KernelSocketOptions } from '../../src/netlink/kernel-socket.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import {
  decodeLink,
  encodeGetLink,
  encodeLinkHeader,
  encodeListRequest,
  getLink,
  type LinkHeader,
  listLinks,
} from '../../src/route/link.js'
import { ack, connect, errorAck, multipart, reply } from '../../../../test-fixtures/fakes/kernel.js'
import { hex } from '../../../../test-fixtures/hex.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { canMakeLinks } from '../support/requirements.js'

const RTM_NEWLINK = 16

/**
 * From `ip link add wg0 type wireguard`, Linux 6.12, without the attributes that nothing here
 * reads.
 */
const WG0 = hex(`
  00 00 fe ff  04 00 00 00  90 00 00 00  00 00 00 00    # ifinfomsg: ARPHRD_NONE, index 4, POINTOPOINT|NOARP
  08 00 03 00 "wg0" 00                                  # IFNAME
  08 00 04 00 8c 05 00 00                               # MTU 1420
  05 00 10 00 02 00 00 00                               # OPERSTATE
  14 00 12 00                                           # LINKINFO, without NLA_F_NESTED
    0e 00 01 00 "wireguard" 00 00 00                    # INFO_KIND
`)
const LO = hex(`
  00 00 04 03  01 00 00 00  49 00 01 00  00 00 00 00    # ARPHRD_LOOPBACK, index 1
  07 00 03 00 "lo" 00 00                                # IFNAME
  08 00 04 00 00 00 01 00                               # MTU 65536
`)
const wg0 = { index: 4, name: 'wg0', kind: 'wireguard', flags: 0x90, mtu: 1420 }
const lo = { index: 1, name: 'lo', kind: undefined, flags: 0x10049, mtu: 65536 }

function received(payload: Uint8Array): MessageReader {
  const message = new MessageReader(
    encodeMessage({ type: RTM_NEWLINK, flags: 0, sequence: 1 }, payload),
  )
  message.next()
  return message
}

describe('the messages', () => {
  it.each([
    ['a WireGuard link', WG0, wg0],
    ['a link without a kind', LO, lo],
  ])('reads %s', (_, payload, link) => {
    expect(decodeLink(received(payload))).toEqual(link)
  })

  it('reads a kind without a NUL, in a nest with the flag', () => {
    const payload = Uint8Array.from([...LO, ...hex('0c 00 12 80 07 00 01 00 "tun" 00')])
    expect(decodeLink(received(payload)).kind).toBe('tun')
  })

  it('refuses a link that is cut anywhere, or has no name', () => {
    const { length } = WG0
    for (let end = 0; end < length; end += 1) {
      // Between two attributes, and in padding, there is nothing to see, once the name is there.
      if ([24, 32, 37, 38, 39, 40].includes(end)) continue
      const message = received(WG0.slice(0, end))
      expect(() => decodeLink(message)).toThrow(MalformedMessageError)
    }
  })

  it('asks for a list without statistics, filtered by kind', () => {
    expect(encodeListRequest('wireguard')).toEqual(
      hex(`
        00 x16
        08 00 1d 00 08 00 00 00                         # EXT_MASK: SKIP_STATS
        14 00 12 80  0e 00 01 00 "wireguard" 00 00 00   # LINKINFO { INFO_KIND }
      `),
    )
    expect(encodeListRequest(undefined)).toEqual(hex('00 x16 08 00 1d 00 08 00 00 00'))
  })

  it('asks for one link by name or index', () => {
    expect(encodeGetLink('wg0')).toEqual(hex('00 x16 08 00 1d 00 08 00 00 00 08 00 03 00 "wg0" 00'))
    expect(encodeGetLink(4)).toEqual(hex('00 00 00 00 04 00 x11 08 00 1d 00 08 00 00 00'))
  })
})

describe('listLinks', () => {
  it('lists all, or one kind even when the kernel ignores the filter', async () => {
    const { connection } = connect((request) =>
      multipart(request, [LO, WG0], { type: RTM_NEWLINK }),
    )
    await expect(listLinks(connection)).resolves.toEqual([lo, wg0])
    await expect(listLinks(connection, 'wireguard')).resolves.toEqual([wg0])
  })

  it('starts over after an interruption', async () => {
    const { connection, kernels } = connect((request) =>
      request.sequence < 3
        ? multipart(request, [LO], { type: RTM_NEWLINK, flags: NLM_F_DUMP_INTR })
        : multipart(request, [WG0], { type: RTM_NEWLINK }),
    )
    await expect(listLinks(connection)).resolves.toEqual([wg0])
    expect(kernels[0]!.requests).toHaveLength(3)
  })

  it('returns the last list when it is interrupted every time', async () => {
    const { connection, kernels } = connect((request) =>
      multipart(request, [LO, LO], { type: RTM_NEWLINK, flags: NLM_F_DUMP_INTR }),
    )
    await expect(listLinks(connection)).resolves.toEqual([lo])
    expect(kernels[0]!.requests).toHaveLength(11)
  })
})

describe('getLink', () => {
  it('returns the link', async () => {
    const { connection } = connect((request) => [
      reply(request, WG0, { type: RTM_NEWLINK }),
      ack(request),
    ])
    await expect(getLink(connection, 'wg0')).resolves.toEqual(wg0)
  })

  it('returns undefined for ENODEV, and throws any other error', async () => {
    let errno = 19
    const { connection } = connect((request) => [errorAck(request, errno)])
    await expect(getLink(connection, 4)).resolves.toBeUndefined()
    errno = 22
    await expect(getLink(connection, 'wg0')).rejects.toMatchObject({
      code: 'EINVAL',
      operation: 'get link "wg0"',
    })
  })
})

/** Opens a socket in a namespace: it stays there. */
function openSocketIn({ pid }: TestNamespace, options?: KernelSocketOptions): KernelSocket {
  using namespace = openNamespace(pid)
  return withinNamespace(namespace, () => KernelSocket.open(NETLINK_ROUTE, options))
}

describeWith(canMakeLinks, 'links of a new network namespace', () => {
  let namespace: TestNamespace
  let connection: Connection
  beforeAll(async () => {
    namespace = await TestNamespace.create()
    connection = new Connection(() => openSocketIn(namespace))
  })
  afterAll(async () => {
    await connection.close()
    await namespace[Symbol.asyncDispose]()
  })

  it('lists the links by kind, and finds one by name and index', async () => {
    await namespace.ip(
      'tuntap add dev tun7 mode tun',
      'link set dev tun7 mtu 1234 up',
      'link property add dev tun7 altname other',
    )
    const found = await getLink(connection, 'tun7')
    expect(found).toMatchObject({ name: 'tun7', kind: 'tun', mtu: 1234 })
    expect(found!.flags & 1).toBe(1)
    await expect(getLink(connection, found!.index)).resolves.toEqual(found)
    await expect(getLink(connection, 'other')).resolves.toEqual(found)
    await expect(listLinks(connection, 'tun')).resolves.toEqual([found])
    await expect(listLinks(connection, 'wireguard')).resolves.toEqual([])
    expect((await listLinks(connection)).map((link) => link.name)).toEqual(
      expect.arrayContaining(['lo', 'tun7']),
    )
    await namespace.ip('link delete dev tun7')
    await expect(getLink(connection, 'tun7')).resolves.toBeUndefined()
    await expect(getLink(connection, found!.index)).resolves.toBeUndefined()
  })

  it.each([false, true])(
    'lists 100 links in as many messages as it takes, strict checks: %p',
    async (strict) => {
      await using busy = await TestNamespace.create()
      await using one = new Connection(() => openSocketIn(busy, { strict }))
      const names = Array.from({ length: 100 }, (_, index) => `tap${index}`)
      await busy.ip(...names.map((name) => `tuntap add dev ${name} mode tap`))
      const links = await listLinks(one, 'tun')
      expect(links.map((link) => link.name)).toEqual(names)
    },
    60_000,
  )

  it('also sends the request in a thread', async () => {
    const request = connection.request(18, 0, encodeGetLink('lo'), { send: 'writer' })
    await expect(request).resolves.toBeDefined()
  })
})

describe('struct ifinfomsg', () => {
  it.each<[string, LinkHeader | undefined, string]>([
    ['nothing', undefined, '00 00 0000 00000000 00000000 00000000'],
    ['an index', { index: 0x01020304 }, '00 00 0000 04030201 00000000 00000000'],
    ['up', { up: true }, '00 00 0000 00000000 01000000 01000000'],
    ['down', { index: 7, up: false }, '00 00 0000 07000000 00000000 01000000'],
  ])('chooses %s', (_, fields, bytes) => {
    expect(encodeLinkHeader(fields)).toEqual(hex(bytes))
  })
})
