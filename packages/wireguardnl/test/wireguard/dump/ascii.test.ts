import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { formatIP, publicKeyFromBytes } from 'wireguardcfg'
import { runs } from '../../../../../test-fixtures/runs.js'
import {
  Arena,
  writeDecimal,
  writeIPv4,
  writeIPv6,
  writeKey,
} from '../../../src/wireguard/dump/ascii.js'

type Writer = (arena: Arena, at: number, source: DataView, from: number) => number

const inBytes =
  (write: typeof writeIPv4): Writer =>
  (arena, at, source, from) =>
    write(arena.bytes, at, source, from)

/** The output of a writer after `at` bytes of other text, from bytes at an odd offset. */
function written(write: Writer, bytes: Uint8Array): string {
  const arena = new Arena(64)
  arena.bytes.fill(0x78)
  const source = new Uint8Array(bytes.length + 3)
  source.set(bytes, 3)
  const end = write(arena, 2, new DataView(source.buffer), 3)
  const text = arena.bytes.toString('latin1')
  expect(text.slice(0, 2)).toBe('xx')
  expect(text.slice(end)).toBe('x'.repeat(64 - end))
  return text.slice(2, end)
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
// Most of the work of IPv6 text is about zeros: a group is zero as often as not.
const sparse = fc
  .tuple(bytes(16), fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), fc.boolean())
  .map(([address, zeros, mapped]) => {
    const result = address.map((byte, i) => (zeros[i >> 1] === true ? 0 : byte))
    if (mapped) result.fill(0, 0, 10).fill(0xff, 10, 12)
    return result
  })

describe('the writers of the arena', () => {
  it.each([0, 1, 9, 10, 19, 99, 100, 101, 199, 200, 255])('write %i in decimal', (value) => {
    expect(written((arena, at) => writeDecimal(arena.bytes, at, value), new Uint8Array())).toBe(
      String(value),
    )
  })

  it('write keys as base64', () => {
    fc.assert(
      fc.property(bytes(32), (key) => {
        expect(written(writeKey, key)).toBe(publicKeyFromBytes(key))
      }),
      runs(100),
    )
  })

  it('write IPv4 addresses as the model does', () => {
    fc.assert(
      fc.property(bytes(4), (address) => {
        expect(written(inBytes(writeIPv4), address)).toBe(formatIP(address))
      }),
      runs(100),
    )
  })

  it('write IPv6 addresses as the model does', () => {
    fc.assert(
      fc.property(sparse, (address) => {
        expect(written(inBytes(writeIPv6), address)).toBe(formatIP(address))
      }),
      runs(2000),
    )
  })

  it('write every pattern of zero groups as the model does', () => {
    for (let pattern = 0; pattern < 256; pattern++) {
      const address = Uint8Array.from({ length: 16 }, (_, i) => (pattern >> (i >> 1)) & 1)
      expect(written(inBytes(writeIPv6), address)).toBe(formatIP(address))
    }
  })
})
