import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { AttributeReader } from '../../src/netlink/attribute-reader.js'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import { NLA_F_NESTED } from '../../src/netlink/constants.js'
import { GETFAMILY_REPLY } from '../support/captures.js'
import { hex } from '../../../../test-fixtures/hex.js'

describe('AttributeWriter', () => {
  it.each<[string, (writer: AttributeWriter) => void, string]>([
    ['a u8', (w) => w.u8(3, 32), '05 00 03 00 20 00 00 00'],
    ['a u16', (w) => w.u16(6, 51820), '06 00 06 00 6c ca 00 00'],
    ['a u32', (w) => w.u32(7, 0xfffffffe), '08 00 07 00 fe ff ff ff'],
    ['a u32 of a negative number', (w) => w.u32(7, -2), '08 00 07 00 fe ff ff ff'],
    ['a u64', (w) => w.u64(8, 2 ** 32 * 2 + 1), '0c 00 08 00 01 00 00 00 02 00 00 00'],
    ['bytes', (w) => w.blob(2, Uint8Array.of(10, 0, 0, 2)), '08 00 02 00 0a 00 00 02'],
    [
      'the first of some bytes',
      (w) => w.blob(2, Uint8Array.of(10, 0, 0, 2, 9), 3),
      '07 00 02 00 0a 00 00 00',
    ],
    ['bytes given as base64', (w) => w.base64(2, '+/8B', 3), '07 00 02 00 fb ff 01 00'],
    [
      'bytes given as base64 in a nest, after the array has grown',
      (w) => w.flag(1).nested(2, (n) => n.base64(3, 'AQIDBA==', 4)),
      '04 00 01 00 0c 00 02 80 08 00 03 00 01 02 03 04',
    ],
    ['text', (w) => w.string(2, 'nope'), '09 00 02 00 "nope" 00 00 00 00'],
    ['a flag', (w) => w.flag(5), '04 00 05 00'],
    [
      'a fixed header, padded',
      (w) => w.raw(Uint8Array.of(1, 2, 3)).u8(1, 1),
      '01 02 03 00 05 00 01 00 01 00 00 00',
    ],
    ['a nest', (w) => w.nested(8, (n) => n.u8(3, 1)), '0c 00 08 80 05 00 03 00 01 00 00 00'],
    ['an empty nest', (w) => w.nested(9, () => {}), '04 00 09 80'],
    [
      'a nest of type 0 in a nest',
      (w) => {
        const outer = w.begin(8)
        const inner = w.begin(0)
        w.u16(1, 2)
        w.end(inner)
        w.end(outer)
        w.flag(1)
      },
      '10 00 08 80 0c 00 00 80 06 00 01 00 02 00 00 00 04 00 01 00',
    ],
  ])('writes %s', (_, write, bytes) => {
    const writer = new AttributeWriter(1)
    write(writer)
    expect(writer.bytes()).toEqual(hex(bytes))
  })

  it('writes the captured answer of the controller', () => {
    const writer = new AttributeWriter()
      .raw(Uint8Array.of(1, 2, 0, 0))
      .string(2, 'wireguard')
      .u16(1, 0x17)
      .u32(3, 1)
      .u32(4, 0)
      .u32(5, 8)
    // Generic netlink leaves NLA_F_NESTED off here: the nest is written as bytes.
    const operations = new AttributeWriter()
    for (const [id, flags] of [
      [0, 0x1c],
      [1, 0x1a],
    ] as const) {
      operations.blob(id + 1, new AttributeWriter().u32(1, id).u32(2, flags).bytes())
    }
    expect(writer.blob(6, operations.bytes()).bytes()).toEqual(GETFAMILY_REPLY.subarray(16))
  })

  it.each<[string, (writer: AttributeWriter) => void]>([
    ['a u8 of 256', (w) => w.u8(1, 256)],
    ['a u8 of -1', (w) => w.u8(1, -1)],
    ['a u16 of 65536', (w) => w.u16(1, 65536)],
    ['a u16 of NaN', (w) => w.u16(1, Number.NaN)],
    ['a u32 of 2^32', (w) => w.u32(1, 2 ** 32)],
    ['a u32 of 1.5', (w) => w.u32(1, 1.5)],
    ['a u64 of -1', (w) => w.u64(1, -1)],
    ['base64 of fewer bytes', (w) => w.base64(1, 'AQID', 4)],
    ['text that is no base64', (w) => w.base64(1, '(hidden)', 32)],
    ['text with a NUL', (w) => w.string(1, 'wg0\0x')],
    ['65532 bytes', (w) => w.blob(1, new Uint8Array(65532))],
  ])('refuses %s, and writes nothing', (_, write) => {
    const writer = new AttributeWriter()
    expect(() => write(writer)).toThrow(RangeError)
    expect(writer.length).toBe(0)
  })

  it('refuses to overflow a nest, and can be truncated to a mark', () => {
    const writer = new AttributeWriter()
    const nest = writer.begin(8)
    writer.blob(1, new Uint8Array(65520))
    expect(writer.length).toBe(4 + 65524)
    writer.flag(2).cancel(4 + 65524)
    const mark = writer.length
    const inner = writer.begin(3)
    // 65532 with the header of the inner nest: 4 more would be 65536.
    expect(() => writer.flag(4)).toThrow(RangeError)
    expect(writer.length).toBe(mark + 4)
    expect(inner).toBe(mark)
    writer.cancel(mark)
    writer.end(nest)
    expect(writer.bytes().subarray(0, 8)).toEqual(hex('f8 ff 08 80 f4 ff 01 00'))
    expect(writer.length).toBe(65528)
  })

  it('drops the nests that were begun since the mark, and leaves zeros', () => {
    const writer = new AttributeWriter()
    const outer = writer.begin(8)
    writer.flag(1)
    const mark = writer.length
    writer.begin(0)
    writer.blob(1, new Uint8Array(32).fill(0xff))
    writer.begin(9)
    writer.cancel(mark).string(2, '')
    writer.end(outer)
    expect(writer.bytes()).toEqual(hex('10 00 08 80 04 00 01 00 05 00 02 00 00 00 00 00'))
  })

  it('can be used again, and zeroes its contents', () => {
    const writer = new AttributeWriter(64)
    const first = writer.blob(3, new Uint8Array(32).fill(0xff)).bytes()
    writer.reset()
    expect(first.every((byte) => byte === 0)).toBe(true)
    expect(writer.length).toBe(0)
    expect(writer.u8(1, 1).bytes()).toEqual(hex('05 00 01 00 01 00 00 00'))
  })

  it('zeroes the array that it outgrows', () => {
    const writer = new AttributeWriter(40)
    const before = writer.blob(3, new Uint8Array(32).fill(0xff)).bytes()
    writer.blob(3, new Uint8Array(32).fill(0xee))
    expect(before.every((byte) => byte === 0)).toBe(true)
  })

  it('refuses nests that are not ended, or not innermost first', () => {
    const writer = new AttributeWriter()
    const outer = writer.begin(1)
    writer.begin(2)
    expect(() => writer.end(outer)).toThrow('innermost first')
    expect(() => writer.bytes()).toThrow('still open')
  })

  it('is the mirror of AttributeReader', () => {
    interface Tree {
      readonly type: number
      readonly value: Uint8Array | readonly Tree[]
    }
    const type = fc.integer({ min: 0, max: 0x3fff })
    const { forest } = fc.letrec<{ forest: readonly Tree[]; tree: Tree }>((tie) => ({
      forest: fc.array(tie('tree'), { maxLength: 5 }),
      tree: fc.record({
        type,
        value: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 40 }), tie('forest')),
      }),
    }))
    const write = (writer: AttributeWriter, trees: readonly Tree[]): void => {
      for (const tree of trees) {
        if (tree.value instanceof Uint8Array) writer.blob(tree.type, tree.value)
        else writer.nested(tree.type, () => write(writer, tree.value as readonly Tree[]))
      }
    }
    const read = (reader: AttributeReader): Tree[] => {
      const trees = []
      while (reader.next()) {
        const nested = (reader.view.getUint16(reader.start - 2, true) & NLA_F_NESTED) !== 0
        trees.push({
          type: reader.type,
          value: nested ? read(reader.nested()) : reader.bytes().slice(),
        })
      }
      return trees
    }
    fc.assert(
      fc.property(forest, (trees) => {
        const writer = new AttributeWriter(16)
        write(writer, trees)
        expect(read(new AttributeReader(writer.bytes()))).toEqual(trees)
      }),
      runs(100),
    )
  })
})
