import { describe, expect, it } from '@jest/globals'
import { NLMSG_DONE } from '../../src/netlink/constants.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import {
  ACK,
  DATAGRAMS,
  DEVICE_DUMP,
  GETFAMILY_REQUEST,
  PORT_ID,
  SEQUENCE,
} from '../support/captures.js'
import { hex } from '../../../../test-fixtures/hex.js'

function read(datagram: Uint8Array) {
  const messages = []
  for (const message = new MessageReader(datagram); message.next();) {
    const { type, flags, sequence, portId, start, end } = message
    messages.push({ type, flags, sequence, portId, start, end })
  }
  return messages
}

describe('MessageReader', () => {
  it('reads the two messages of a dump in one datagram', () => {
    const common = { flags: 2, sequence: SEQUENCE, portId: PORT_ID }
    expect(read(DEVICE_DUMP)).toEqual([
      { type: 0x17, ...common, start: 16, end: 364 },
      { type: NLMSG_DONE, ...common, start: 380, end: 384 },
    ])
  })

  it('reads a datagram at an offset of its buffer', () => {
    const buffer = new Uint8Array(100).fill(0xff)
    buffer.set(ACK, 7)
    expect(read(buffer.subarray(7, 7 + ACK.length))).toEqual(read(ACK))
  })

  it('reads no message from no bytes', () => {
    expect(read(new Uint8Array(0))).toEqual([])
  })

  it('needs no padding after the last message', () => {
    const odd = hex('11 00 00 00  20 00  00 00  01 00 00 00  00 00 00 00  ff')
    expect(read(odd)).toMatchObject([{ type: 0x20, start: 16, end: 17 }])
  })

  it.each([
    ['0', '00 00 00 00'],
    ['below a header', '0f 00 00 00'],
    ['one past the datagram', '11 00 00 00'],
    ['2^32 - 1', 'ff ff ff ff'],
    ['2^31', '00 00 00 80'],
  ])('refuses a length of %s', (_, length) => {
    const datagram = hex(`${length}  10 00  00 00  01 00 00 00  00 00 00 00`)
    expect(() => read(datagram)).toThrow(MalformedMessageError)
  })

  it.each(DATAGRAMS)('stops at the end of every truncation of: %s', (_, datagram) => {
    const whole = read(datagram)
    for (let length = 1; length < datagram.length; length += 1) {
      // A copy, so that nothing after the cut can be read.
      const beginning = datagram.slice(0, length)
      const boundary = whole.some((message) => message.end === length)
      if (boundary) expect(read(beginning).length).toBeLessThan(whole.length)
      else expect(() => read(beginning)).toThrow(MalformedMessageError)
    }
  })
})

describe('encodeMessage', () => {
  it('writes the captured request', () => {
    const header = { type: 0x10, flags: 5, sequence: SEQUENCE }
    expect(encodeMessage(header, GETFAMILY_REQUEST.subarray(16))).toEqual(GETFAMILY_REQUEST)
  })

  it('pads the payload, and does not count the padding', () => {
    const header = { type: 1, flags: 2, sequence: 0xffffffff, portId: 0xfffffff0 }
    expect(encodeMessage(header, Uint8Array.of(7))).toEqual(
      hex('11 00 00 00  01 00  02 00  ff ff ff ff  f0 ff ff ff  07 00 00 00'),
    )
  })
})
