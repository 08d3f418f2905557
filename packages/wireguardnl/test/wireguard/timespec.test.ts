import { describe, expect, it } from '@jest/globals'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { decodeTimespec } from '../../src/wireguard/timespec.js'
import { timespec } from '../support/fake-wireguard.js'

const decode = (seconds: bigint, nanoseconds: bigint) =>
  decodeTimespec(new DataView(timespec(seconds, nanoseconds).buffer), 0)

describe('decodeTimespec', () => {
  it('says undefined for never', () => {
    expect(decode(0n, 0n)).toBeUndefined()
  })

  it.each([
    ['the last second of 1969', -1n, 0n, '1969-12-31T23:59:59.000Z'],
    ['an instant after the epoch', 0n, 1_000_000n, '1970-01-01T00:00:00.001Z'],
    ['a handshake of today', 1_795_000_000n, 999_999_999n, '2026-11-18T11:06:40.999Z'],
    ['the first second that 32 bits lack', 0x8000_0000n, 0n, '2038-01-19T03:14:08.000Z'],
    ['a second beyond 32 unsigned bits', 0x1_0000_0001n, 0n, '2106-02-07T06:28:17.000Z'],
  ])('reads %s', (_, seconds, nanoseconds, expected) => {
    expect(decode(seconds, nanoseconds)?.toISOString()).toBe(expected)
  })

  it('refuses what Date cannot hold', () => {
    expect(() => decode(2n ** 62n, 0n)).toThrow(MalformedMessageError)
  })
})
