import { describe, expect, it } from '@jest/globals'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import { readDoneMessage, readErrorMessage } from '../../src/netlink/extended-ack.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'
import {
  ACK,
  BAD_SET_REPLY_CAPPED,
  BAD_SET_REPLY_UNCAPPED,
  DONE,
  ENODEV_REPLY,
} from '../support/captures.js'
import { hex } from '../../../../test-fixtures/hex.js'

function first(datagram: Uint8Array): MessageReader {
  const messages = new MessageReader(datagram)
  messages.next()
  return messages
}

function message(flags: number, payload: string): MessageReader {
  return first(encodeMessage({ type: 2, flags, sequence: 1 }, hex(payload)))
}

const REQUEST_HEADER = '24 00 00 00  17 00  05 00  e9 03 00 00  00 00 00 00'

describe('readErrorMessage', () => {
  it.each([
    ['an acknowledgement', ACK, { errno: 0 }],
    ['a plain error', ENODEV_REPLY, { errno: 19 }],
    [
      'an extended ack after the header of the request',
      BAD_SET_REPLY_CAPPED,
      { errno: 22, extendedAck: { message: 'invalid attribute length', offset: 28 } },
    ],
    [
      'an extended ack after the whole request',
      BAD_SET_REPLY_UNCAPPED,
      { errno: 22, extendedAck: { message: 'invalid attribute length', offset: 28 } },
    ],
  ])('reads %s', (_, datagram, ending) => {
    expect(readErrorMessage(first(datagram))).toEqual(ending)
  })

  it('reads which attribute was missing, and where', () => {
    const attributes = '08 00 05 00 01 00 00 00  08 00 06 00 18 00 00 00'
    expect(readErrorMessage(message(0x300, `ea ff ff ff ${REQUEST_HEADER} ${attributes}`))).toEqual(
      {
        errno: 22,
        extendedAck: { missingType: 1, missingNest: 24 },
      },
    )
  })

  it('keeps the warning of a success', () => {
    const attributes = '0c 00 01 00 "careful" 00'
    expect(readErrorMessage(message(0x300, `00 00 00 00 ${REQUEST_HEADER} ${attributes}`))).toEqual(
      {
        errno: 0,
        extendedAck: { message: 'careful' },
      },
    )
  })

  it('counts the padding of a request of odd length', () => {
    // A request of 17 bytes, echoed whole and padded to 20.
    const echo = '11 00 00 00  17 00  05 00  01 00 00 00  00 00 00 00  aa 00 00 00'
    expect(readErrorMessage(message(0x200, `ea ff ff ff ${echo} 08 00 02 00 10 00 00 00`))).toEqual(
      {
        errno: 22,
        extendedAck: { offset: 16 },
      },
    )
  })

  it.each([
    ['an echo cut before the attributes', 'ff 00 00 00'],
    ['an echo of 2^32 - 1 bytes', 'ff ff ff ff'],
    ['an echo of less than a header', '0f 00 00 00'],
  ])('has the errno of %s', (_, length) => {
    const echo = `${length}  17 00  05 00  01 00 00 00  00 00 00 00`
    expect(readErrorMessage(message(0x200, `ea ff ff ff ${echo}`))).toEqual({ errno: 22 })
  })

  it.each([
    ['no errno', 0, 'ea ff ff'],
    ['attributes promised, and no header of the request', 0x300, 'ea ff ff ff 01 02'],
    ['an attribute that is cut', 0x300, `ea ff ff ff ${REQUEST_HEADER} 08 00 02 00 1c 00`],
    ['an offset of two bytes', 0x300, `ea ff ff ff ${REQUEST_HEADER} 06 00 02 00 1c 00`],
  ])('refuses %s', (_, flags, payload) => {
    expect(() => readErrorMessage(message(flags, payload))).toThrow(MalformedMessageError)
  })
})

describe('readDoneMessage', () => {
  const attributes = [
    ...new AttributeWriter().string(1, 'Unsupported attribute').u32(2, 40).bytes(),
  ]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ')
  it.each([
    ['success', first(DONE), { errno: 0 }],
    ['no payload', message(2, ''), { errno: 0 }],
    ['an errno', message(2, 'ea ff ff ff'), { errno: 22 }],
    [
      'an extended ack',
      message(0x202, `ea ff ff ff ${attributes}`),
      { errno: 22, extendedAck: { message: 'Unsupported attribute', offset: 40 } },
    ],
  ])('reads %s', (_, done, ending) => {
    expect(readDoneMessage(done)).toEqual(ending)
  })
})
