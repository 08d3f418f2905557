import { describe, expect, it } from '@jest/globals'
import { createLink, encodeNewLink, type NewLink } from '../../src/route/link-create.js'
import { ack, connect, errorAck } from '../support/fake-kernel.js'
import { hex } from '../support/hex.js'

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
      'is down by itself',
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

  it('throws what the kernel answers', async () => {
    const { connection } = connect((request) => [errorAck(request, 17)])
    await expect(createLink(connection, link)).rejects.toMatchObject({
      code: 'EEXIST',
      operation: 'create link "wg0"',
    })
  })
})
