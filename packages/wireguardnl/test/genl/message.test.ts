import { expect, it } from '@jest/globals'
import { encodeGenlHeader, genlCommand } from '../../src/genl/message.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { encodeMessage, MessageReader } from '../../src/netlink/message.js'

function received(payload: Uint8Array): MessageReader {
  const message = new MessageReader(encodeMessage({ type: 0x17, flags: 0, sequence: 1 }, payload))
  message.next()
  return message
}

it('writes struct genlmsghdr, reserved being 0, and reads its command', () => {
  expect(encodeGenlHeader(3, 1)).toEqual(Uint8Array.of(3, 1, 0, 0))
  expect(genlCommand(received(encodeGenlHeader(3, 1)))).toBe(3)
})

it.each([0, 1, 3])('refuses a payload of %i bytes', (length) => {
  expect(() => genlCommand(received(new Uint8Array(length)))).toThrow(MalformedMessageError)
})
