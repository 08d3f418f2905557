import { MalformedMessageError } from '../netlink/malformed.js'
import type { Message } from '../netlink/message.js'
import { GENL_HDRLEN } from './constants.js'

/**
 * Encodes struct genlmsghdr, which begins the payload of every generic netlink message: `__u8 cmd`,
 * `__u8 version`, `__u16 reserved`. Kernels from 6.19 on require `reserved` to be 0.
 */
export function encodeGenlHeader(command: number, version: number): Uint8Array {
  return Uint8Array.of(command, version, 0, 0)
}

/**
 * Returns the command of a generic netlink message. Its attributes are
 * `AttributeReader.of(message, GENL_HDRLEN)`.
 *
 * @throws {MalformedMessageError} when the message is too short for a genlmsghdr
 */
export function genlCommand(message: Message): number {
  if (message.end - message.start < GENL_HDRLEN) {
    throw new MalformedMessageError('a generic netlink message without its header', message.start)
  }
  return message.bytes[message.start]!
}
