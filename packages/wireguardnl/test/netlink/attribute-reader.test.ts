import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { AttributeReader } from '../../src/netlink/attribute-reader.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { MessageReader } from '../../src/netlink/message.js'
import { DATAGRAMS, DEVICE_DUMP, GETFAMILY_REPLY } from '../support/captures.js'
import { hex } from '../../../../test-fixtures/hex.js'

function types(reader: AttributeReader): number[] {
  const found = []
  while (reader.next()) found.push(reader.type)
  return found
}

/**
 * Reads everything that could be attributes, by every method: to see that nothing but
 * MalformedMessageError comes of it.
 */
function readAll(reader: AttributeReader, depth = 0): number {
  let count = 0
  while (reader.next()) {
    count += 1
    reader.bytes()
    reader.string()
    if (reader.length >= 8) reader.u64()
    if (depth < 4 && reader.length >= 4) {
      try {
        count += readAll(reader.nested(), depth + 1)
      } catch (error) {
        if (!(error instanceof MalformedMessageError)) throw error
      }
    }
  }
  return count
}

/**
 * How many attributes there are after the headers of a message of generic netlink, 0 when it is
 * malformed.
 */
function countAll(bytes: Uint8Array): number {
  try {
    return readAll(new AttributeReader(bytes, Math.min(20, bytes.length)))
  } catch (error) {
    if (error instanceof MalformedMessageError) return 0
    throw error
  }
}

describe('AttributeReader', () => {
  it('reads the captured answer of the controller', () => {
    const message = new MessageReader(GETFAMILY_REPLY)
    message.next()
    const attribute = AttributeReader.of(message, 4)
    const read: unknown[] = []
    while (attribute.next()) {
      if (attribute.type === 1) read.push(attribute.u16())
      else if (attribute.type === 2) read.push(attribute.string())
      else if (attribute.type === 6) {
        for (const operation = attribute.nested(); operation.next();) {
          const field = operation.nested()
          while (field.next()) read.push(field.u32())
        }
      } else read.push(attribute.u32())
    }
    expect(read).toEqual(['wireguard', 0x17, 1, 0, 8, 0, 0x1c, 1, 0x1a])
  })

  it('masks NLA_F_NESTED and NLA_F_NET_BYTEORDER, walks nests, and shows padding as type 0', () => {
    const message = new MessageReader(DEVICE_DUMP)
    message.next()
    const device = AttributeReader.of(message, 4)
    const seen: number[][] = []
    while (device.next()) {
      if (device.type !== 8) continue
      for (const peers = device.nested(); peers.next();) seen.push(types(peers.nested()))
    }
    expect(seen).toEqual([[1, 2, 6, 5, 0, 8, 0, 7, 10, 4, 9]])
    expect(types(new AttributeReader(hex('04 00 03 c0')))).toEqual([3])
  })

  it.each([
    ['u8', '05 00 01 00 fe 00 00 00', 0xfe],
    ['u16', '06 00 01 00 34 12 00 00', 0x1234],
    ['u32', '08 00 01 00 fe ff ff ff', 0xfffffffe],
    ['i32', '08 00 01 00 fe ff ff ff', -2],
    ['u64', '0c 00 01 00 01 00 00 00 02 00 00 00', 2 * 2 ** 32 + 1],
    ['u64', '0c 00 01 00 ff x8', 2 ** 64],
  ] as const)('reads a %s', (kind, bytes, value) => {
    const reader = new AttributeReader(hex(bytes))
    reader.next()
    expect(reader[kind]()).toBe(value)
  })

  it.each([
    ['u8', ''],
    ['u16', '01'],
    ['u32', '01 02 03'],
    ['i32', '01 02 03'],
    ['u64', '01 02 03 04 05 06 07'],
  ] as const)('refuses a %s that is one byte short, though the array goes on', (kind, payload) => {
    const bytes = hex(payload)
    const reader = new AttributeReader(
      hex(`${(4 + bytes.length).toString(16).padStart(2, '0')} 00 01 00 ${payload} ff x16`),
      0,
      4 + bytes.length,
    )
    reader.next()
    expect(() => reader[kind]()).toThrow(MalformedMessageError)
  })

  it('returns a payload as a view of at least the given length', () => {
    const source = hex('06 00 01 00 0a 0b 00 00')
    const reader = new AttributeReader(source)
    reader.next()
    expect([reader.bytes(2), reader.length]).toEqual([Uint8Array.of(0x0a, 0x0b), 2])
    expect(reader.bytes().buffer).toBe(source.buffer)
    expect(() => reader.bytes(3)).toThrow(MalformedMessageError)
  })

  it.each([
    ['with a NUL', '08 00 01 00 "wg0" 00', 'wg0'],
    ['without one', '07 00 01 00 "wg0" 00', 'wg0'],
    ['with more after the NUL', '09 00 01 00 "wg" 00 "xy" 00 00 00', 'wg'],
    [
      'without one, the next attribute having one',
      '08 00 01 00 "wgx0" 08 00 02 00 00 00 00 00',
      'wgx0',
    ],
    ['that is empty', '04 00 01 00', ''],
    ['in UTF-8', '06 00 01 00 c3 a9 00 00', 'é'],
  ])('reads text %s', (_, bytes, text) => {
    const reader = new AttributeReader(hex(bytes))
    reader.next()
    expect(reader.string()).toBe(text)
  })

  it.each([
    ['0', '00 00 01 00'],
    ['1', '01 00 01 00'],
    ['2', '02 00 01 00'],
    ['3', '03 00 01 00'],
    ['one past the end', '05 00 01 00'],
    ['65535', 'ff ff 01 00'],
  ])('refuses an attribute length of %s', (_, bytes) => {
    expect(() => types(new AttributeReader(hex(bytes)))).toThrow(MalformedMessageError)
  })

  it.each([
    ['no attributes', '', []],
    ['an attribute without a payload', '04 00 09 80', [9]],
    ['a last attribute without its padding', '05 00 01 00 ff', [1]],
  ])('reads %s', (_, bytes, expected) => {
    expect(types(new AttributeReader(hex(bytes)))).toEqual(expected)
  })

  it('refuses 1 to 3 bytes after the last attribute', () => {
    for (const rest of ['00', '00 00', '00 00 00']) {
      const reader = new AttributeReader(hex(`04 00 01 00 ${rest}`))
      expect(() => types(reader)).toThrow(MalformedMessageError)
    }
  })

  it('does not read a nested attribute that ends outside its nest', () => {
    const reader = new AttributeReader(hex('08 00 01 80 08 00 02 00 01 00 00 00'))
    reader.next()
    expect(() => types(reader.nested())).toThrow(MalformedMessageError)
  })

  it('refuses a message that is too short for its fixed header', () => {
    const message = new MessageReader(hex('12 00 00 00 10 00 00 00 00 x8 01 02'))
    message.next()
    expect(() => AttributeReader.of(message, 4)).toThrow(MalformedMessageError)
  })

  it.each(DATAGRAMS)('survives every cut and every changed byte of: %s', (_, datagram) => {
    let most = 0
    for (let length = 0; length < datagram.length; length += 1) {
      most = Math.max(most, countAll(datagram.slice(0, length)))
      for (const value of [0, 1, 3, 0x7f, 0xff]) {
        const changed = datagram.slice()
        changed[length] = value
        most = Math.max(most, countAll(changed))
      }
    }
    expect(most).toBeLessThan(datagram.length)
  })

  it('ends on any bytes, without an error of another kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(countAll(bytes)).toBeLessThan(bytes.length + 1)
      }),
      runs(100),
    )
  })
})
