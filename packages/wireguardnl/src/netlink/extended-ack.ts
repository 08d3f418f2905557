import {
  align4,
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLMSG_HDRLEN,
  NLMSGERR_ATTR_MISS_NEST,
  NLMSGERR_ATTR_MISS_TYPE,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from './constants.js'
import { AttributeReader } from './attribute-reader.js'
import { LITTLE_ENDIAN } from './endian.js'
import { MalformedMessageError } from './malformed.js'
import type { Message } from './message.js'

/** The kernel's explanation beside an errno. All fields are absent if it gives none. */
export interface ExtendedAck {
  /** The text of an error, or of a warning if the errno is 0. */
  readonly message?: string
  /** Offset of the bad attribute in bytes, from the start of the request's nlmsghdr. */
  readonly offset?: number
  /** Type of a required attribute that is missing. */
  readonly missingType?: number
  /** Offset of the nest in which it is missing. Absent: at top level. */
  readonly missingNest?: number
}

/** The end of an exchange. */
export interface Ending {
  /** The positive errno; 0: success. */
  readonly errno: number
  /** The kernel's explanation, if there is one. */
  readonly extendedAck?: ExtendedAck
}

/**
 * Reads the payload of an NLMSG_ERROR: s32 error, then the nlmsghdr of the request, then, unless
 * NLM_F_CAPPED, the rest of the request, then, if NLM_F_ACK_TLVS, attributes.
 *
 * Without NETLINK_CAP_ACK the kernel echoes a rejected request as a whole. If the echo is cut
 * before the attributes, they count as absent: the errno is what matters.
 */
export function readErrorMessage(message: Message): Ending {
  const errno = readErrno(message)
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno }
  const request = message.start + 4
  if (request + NLMSG_HDRLEN > message.end) {
    throw new MalformedMessageError('an error message without the header of its request', request)
  }
  const echoed =
    (message.flags & NLM_F_CAPPED) === 0
      ? message.view.getUint32(request, LITTLE_ENDIAN)
      : NLMSG_HDRLEN
  const attributes = request + (echoed > 0xffff_0000 ? echoed : align4(echoed))
  if (echoed < NLMSG_HDRLEN || attributes > message.end) return { errno }
  return { errno, extendedAck: readAttributes(message, attributes) }
}

/** Reads the payload of an NLMSG_DONE: s32 error, then, if NLM_F_ACK_TLVS, attributes. */
export function readDoneMessage(message: Message): Ending {
  // The oldest kernels send a DONE without a payload, which means success.
  if (message.end - message.start < 4) return { errno: 0 }
  const errno = readErrno(message)
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return { errno }
  return { errno, extendedAck: readAttributes(message, message.start + 4) }
}

function readErrno(message: Message): number {
  if (message.end - message.start < 4) {
    throw new MalformedMessageError('an error message without an errno', message.start)
  }
  return Math.abs(message.view.getInt32(message.start, LITTLE_ENDIAN))
}

function readAttributes(message: Message, start: number): ExtendedAck {
  const ack: { -readonly [Key in keyof ExtendedAck]: ExtendedAck[Key] } = {}
  const attribute = new AttributeReader(message.bytes, start, message.end, message.view)
  // NLMSGERR_ATTR_COOKIE and NLMSGERR_ATTR_POLICY are not used here.
  while (attribute.next()) {
    switch (attribute.type) {
      case NLMSGERR_ATTR_MSG:
        ack.message = attribute.string()
        break
      case NLMSGERR_ATTR_OFFS:
        ack.offset = attribute.u32()
        break
      case NLMSGERR_ATTR_MISS_TYPE:
        ack.missingType = attribute.u32()
        break
      case NLMSGERR_ATTR_MISS_NEST:
        ack.missingNest = attribute.u32()
        break
    }
  }
  return ack
}
