import { describe, expect, it } from '@jest/globals'
import { NLM_F_DUMP_INTR } from '../../src/netlink/constants.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import {
  addAddress,
  decodeAddress,
  encodeAddress,
  type LinkAddress,
  listAddresses,
  removeAddress,
} from '../../src/route/address.js'
import { ack, connect, multipart } from '../../../../test-fixtures/fakes/kernel.js'
import { hex } from '../../../../test-fixtures/hex.js'

const RTM_NEWADDR = 20

/** `ip address add 10.7.0.1/24 dev wg0`, where wg0 has the index 7. */
const V4 = '02 18 00 00 07000000  0800 0200 0a070001  0800 0100 0a070001'
/** `ip address add fd00::1/64 dev wg0`. */
const V6 = `0a 40 00 00 07000000
  1400 0200 fd000000000000000000000000000001
  1400 0100 fd000000000000000000000000000001`
/** `ip address add 10.7.0.1 peer 10.8.0.0/16 dev wg0`. */
const POINT_TO_POINT = '02 10 00 00 07000000  0800 0200 0a070001  0800 0100 0a080000'

const V4_ADDRESS = { local: Uint8Array.of(10, 7, 0, 1), prefixLength: 24 }
const V6_ADDRESS = { local: hex('fd000000000000000000000000000001'), prefixLength: 64 }

function decode(payload: Uint8Array) {
  const bytes = encodeMessage({ type: RTM_NEWADDR, flags: 0, sequence: 1 }, payload)
  const message = new MessageReader(bytes)
  expect(message.next()).toBe(true)
  return decodeAddress(message)
}

describe('an address', () => {
  it.each<[string, LinkAddress, string]>([
    ['IPv4', V4_ADDRESS, V4],
    ['IPv6', V6_ADDRESS, V6],
    [
      'IPv4 with another end',
      { local: Uint8Array.of(10, 7, 0, 1), prefixLength: 16, peer: Uint8Array.of(10, 8, 0, 0) },
      POINT_TO_POINT,
    ],
  ])('of %s is written and read', (_, address, bytes) => {
    expect(encodeAddress(7, address)).toEqual(hex(bytes))
    expect(decode(hex(bytes))).toEqual({ index: 7, address })
  })

  it.each<[string, string, LinkAddress]>([
    [
      'IPv6 without IFA_LOCAL, as the kernel has it',
      '0a 40 80 00 07000000  1400 0100 fd000000000000000000000000000001',
      V6_ADDRESS,
    ],
    [
      'attributes in another order, with a label and flags',
      '02 18 80 00 07000000  0800 0100 0a070001  0800 0300 77673000  0800 0800 80000000  0800 0200 0a070001',
      V4_ADDRESS,
    ],
  ])('is read: %s', (_, bytes, address) => {
    expect(decode(hex(bytes))).toEqual({ index: 7, address })
  })

  it('of another family is skipped', () => {
    expect(decode(hex('07 18 00 00 07000000'))).toBeUndefined()
  })

  it.each([
    ['without an address', '02 18 00 00 07000000'],
    ['of three bytes', '02 18 00 00 07000000  0700 0200 0a0700'],
    ['of IPv6 with four bytes', '0a 40 00 00 07000000  0800 0100 0a070001'],
    ['with a length of 33', '02 21 00 00 07000000  0800 0200 0a070001'],
    ['that is cut', '02 18 00 00 0700'],
  ])('%s is malformed', (_, bytes) => {
    expect(() => decode(hex(bytes))).toThrow(MalformedMessageError)
  })

  it('is not read past its end, wherever it is cut', () => {
    const whole = hex(V6)
    for (let length = 0; length < whole.length; length++) {
      try {
        const decoded = decode(whole.slice(0, length))
        expect(decoded?.address.local).toHaveLength(16)
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessageError)
      }
    }
  })
})

describe('the addresses of a link', () => {
  it('are requested by its index, and checked for it', async () => {
    const other = hex(V4)
    other[4] = 8
    const { connection, kernels } = connect((request) =>
      multipart(request, [other, hex(V4), hex('07 18 00 00 07000000'), hex(V6)], {
        type: RTM_NEWADDR,
      }),
    )
    expect(await listAddresses(connection, 7)).toEqual([V4_ADDRESS, V6_ADDRESS])
    expect(kernels[0]!.requests).toMatchObject([
      { type: 22, flags: 0x301, payload: hex('00 00 00 00 07000000') },
    ])
  })

  it('are requested again when they change during the read', async () => {
    let dumps = 0
    const { connection } = connect((request) => {
      const flags = ++dumps <= 2 ? NLM_F_DUMP_INTR : 0
      const payloads = dumps === 2 ? [hex(V4), hex(V6)] : [hex(V4)]
      return multipart(request, payloads, { type: RTM_NEWADDR, flags })
    })
    expect(await listAddresses(connection, 7)).toEqual([V4_ADDRESS])
    expect(dumps).toBe(3)
  })

  it('are those of the last read when they never stop changing', async () => {
    let dumps = 0
    const { connection } = connect((request) => {
      dumps++
      return multipart(request, [hex(V4)], { type: RTM_NEWADDR, flags: NLM_F_DUMP_INTR })
    })
    expect(await listAddresses(connection, 7)).toEqual([V4_ADDRESS])
    expect(dumps).toBe(11)
  })

  it('are added and removed', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    await addAddress(connection, 7, V4_ADDRESS)
    await removeAddress(connection, 7, V6_ADDRESS)
    expect(kernels[0]!.requests).toMatchObject([
      { type: 20, flags: 0x605, payload: hex(V4) },
      { type: 21, flags: 5, payload: hex(V6) },
    ])
  })
})
