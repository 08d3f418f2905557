import { describe, expect, it } from '@jest/globals'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import {
  createLink,
  deleteLink,
  encodeDeleteLink,
  encodeNewLink,
  encodeSetLink,
  type LinkChange,
  LinkKindError,
  type NewLink,
  setLink,
} from '../../src/route/link-requests.js'
import { encodeLinkHeader } from '../../src/route/link.js'
import {
  ack,
  connect,
  errorAck,
  type FakeRequest,
  reply,
} from '../../../../test-fixtures/fakes/kernel.js'
import { hex } from '../../../../test-fixtures/hex.js'

/** IFLA_LINKINFO with IFLA_INFO_KIND "wireguard". */
const KIND = '1400 1280 0e00 0100 776972656775617264 00 0000'

describe('a link to make', () => {
  it.each<[string, NewLink, string]>([
    [
      'has a name and a kind',
      { name: 'wg0', kind: 'wireguard' },
      `00 00 0000 00000000 00000000 00000000
       0800 0300 77673000
       ${KIND}`,
    ],
    [
      'has an MTU, and is up',
      { name: 'wg0', kind: 'wireguard', mtu: 1280, up: true },
      `00 00 0000 00000000 01000000 01000000
       0800 0300 77673000
       0800 0400 00050000
       ${KIND}`,
    ],
    [
      'is down by default',
      { name: 'wg0', kind: 'wireguard', up: false },
      `00 00 0000 00000000 00000000 00000000
       0800 0300 77673000
       ${KIND}`,
    ],
  ])('%s', (_, link, bytes) => {
    expect(encodeNewLink(link)).toEqual(hex(bytes))
  })
})

describe('createLink', () => {
  const link = { name: 'wg0', kind: 'wireguard' }

  it('asks for a new link and no other', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    await createLink(connection, link)
    // NLM_F_REQUEST, NLM_F_ACK, NLM_F_EXCL and NLM_F_CREATE.
    expect(kernels[0]!.requests).toMatchObject([
      { type: 16, flags: 0x605, payload: encodeNewLink(link) },
    ])
  })

  it('throws the error of the kernel', async () => {
    const { connection } = connect((request) => [errorAck(request, 17)])
    await expect(createLink(connection, link)).rejects.toMatchObject({
      code: 'EEXIST',
      operation: 'create link "wg0"',
    })
  })
})

describe('a change of a link', () => {
  it.each<[string, string | number, LinkChange, string]>([
    ['is of a name', 'wg0', {}, '00 00 0000 00000000 00000000 00000000 0800 0300 77673000'],
    ['is of an index', 9, {}, '00 00 0000 09000000 00000000 00000000'],
    ['brings it up', 9, { up: true }, '00 00 0000 09000000 01000000 01000000'],
    ['brings it down', 9, { up: false }, '00 00 0000 09000000 00000000 01000000'],
    [
      'gives it an MTU',
      9,
      { mtu: 65535 },
      '00 00 0000 09000000 00000000 00000000 0800 0400 ffff0000',
    ],
    ['moves it', 9, { namespace: 21 }, '00 00 0000 09000000 00000000 00000000 0800 1c00 15000000'],
  ])('%s', (_, nameOrIndex, change, bytes) => {
    expect(encodeSetLink(nameOrIndex, change)).toEqual(hex(bytes))
  })
})

describe('setLink', () => {
  it('changes an existing link, and creates none', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    await setLink(connection, 'wg0', { up: true })
    expect(kernels[0]!.requests).toMatchObject([{ type: 19, flags: 5 }])
  })

  it('throws the error of the kernel', async () => {
    const { connection } = connect((request) => [errorAck(request, 98)])
    await expect(setLink(connection, 'wg0', { up: true })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      operation: 'set link "wg0"',
    })
  })
})

const RTM_NEWLINK = 16
const RTM_DELLINK = 17
const RTM_GETLINK = 18
const ENODEV = 19

/** A kernel with one link of this kind, wg0, by index 7. */
function kernelWith(kind: string | undefined) {
  return connect((request: FakeRequest) => {
    if (request.type !== RTM_GETLINK) return [ack(request)]
    const link = new AttributeWriter().raw(encodeLinkHeader({ index: 7 })).string(3, 'wg0')
    if (kind !== undefined) link.nested(18, (info) => info.string(1, kind))
    return [reply(request, link.bytes(), { type: RTM_NEWLINK }), ack(request)]
  })
}

describe('deleteLink', () => {
  it('deletes the link that it read, by index', async () => {
    const { connection, kernels } = kernelWith('wireguard')
    const order: string[] = []
    await deleteLink(connection, 'other', 'wireguard', {
      beforeDelete: async (link) => {
        order.push(`${link.name} ${link.index}`)
        expect(kernels[0]!.requests).toHaveLength(1)
        await Promise.resolve()
      },
    })
    expect(order).toEqual(['wg0 7'])
    expect(kernels[0]!.requests).toMatchObject([
      { type: RTM_GETLINK },
      { type: RTM_DELLINK, flags: 5, payload: hex('00 00 0000 07000000 00000000 00000000') },
    ])
  })

  it.each([['dummy'], ['tun'], ['wireguard2'], [undefined]])(
    'leaves a link of kind %j alone',
    async (kind) => {
      const { connection, kernels } = kernelWith(kind)
      let ended = false
      const deletion = deleteLink(connection, 'wg0', 'wireguard', {
        beforeDelete: async () => {
          ended = true
        },
      })
      await expect(deletion).rejects.toBeInstanceOf(LinkKindError)
      await expect(deletion).rejects.toMatchObject({
        code: 'EOPNOTSUPP',
        actual: kind,
        operation: 'delete link "wg0"',
      })
      expect(ended).toBe(false)
      expect(kernels[0]!.requests).toHaveLength(1)
    },
  )

  it('reports that there is none', async () => {
    const { connection, kernels } = connect((request) => [errorAck(request, ENODEV)])
    await expect(deleteLink(connection, 'wg0', 'wireguard')).rejects.toMatchObject({
      code: 'ENODEV',
      kind: 'message',
    })
    expect(kernels[0]!.requests).toHaveLength(1)
  })

  it('names nothing but the index', () => {
    expect(encodeDeleteLink(3)).toEqual(hex('00 00 0000 03000000 00000000 00000000'))
  })
})
