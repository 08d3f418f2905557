import { describe, expect, it } from '@jest/globals'
import { encodeSetLink, type LinkChange, setLink } from '../../src/route/link-set.js'
import { ack, connect, errorAck } from '../support/fake-kernel.js'
import { hex } from '../support/hex.js'

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
  it('changes what is there, and makes nothing', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    await setLink(connection, 'wg0', { up: true })
    expect(kernels[0]!.requests).toMatchObject([{ type: 19, flags: 5 }])
  })

  it('throws what the kernel answers', async () => {
    const { connection } = connect((request) => [errorAck(request, 98)])
    await expect(setLink(connection, 'wg0', { up: true })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      operation: 'set link "wg0"',
    })
  })
})
