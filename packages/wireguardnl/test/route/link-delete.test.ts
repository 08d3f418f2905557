import { describe, expect, it } from '@jest/globals'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import { deleteLink, encodeDeleteLink, LinkKindError } from '../../src/route/link-delete.js'
import { encodeLinkHeader } from '../../src/route/link-header.js'
import { ack, connect, errorAck, type FakeRequest, reply } from '../support/fake-kernel.js'
import { hex } from '../support/hex.js'

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
  it('deletes by index what it looked at', async () => {
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

  it('says that there is none', async () => {
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
