// From <linux/netlink.h>, in the header's order. Values differ on no architecture.

/** Protocol of a netlink socket: routes, links, addresses and rules. */
export const NETLINK_ROUTE = 0
/** Protocol of a netlink socket: netfilter. */
export const NETLINK_NETFILTER = 12
/** Protocol of a netlink socket: generic netlink. */
export const NETLINK_GENERIC = 16

/** The message is a request. */
export const NLM_F_REQUEST = 0x1
/** Multipart message, terminated by NLMSG_DONE. */
export const NLM_F_MULTI = 0x2
/** Requests an acknowledgement, with zero or an error code. */
export const NLM_F_ACK = 0x4
/** Requests the resulting notifications. */
export const NLM_F_ECHO = 0x8
/** The dump is inconsistent because something changed during it. */
export const NLM_F_DUMP_INTR = 0x10
/** The dump was filtered as requested. */
export const NLM_F_DUMP_FILTERED = 0x20

/** GET modifier: specify the tree root. */
export const NLM_F_ROOT = 0x100
/** GET modifier: return all matching objects. */
export const NLM_F_MATCH = 0x200
/** GET modifier: atomic GET. */
export const NLM_F_ATOMIC = 0x400
/** GET modifier: a dump. Generic netlink requires both bits. */
export const NLM_F_DUMP = NLM_F_ROOT | NLM_F_MATCH

/** NEW modifier: replace an existing object. */
export const NLM_F_REPLACE = 0x100
/** NEW modifier: fail if the object exists. */
export const NLM_F_EXCL = 0x200
/** NEW modifier: create the object if it does not exist. */
export const NLM_F_CREATE = 0x400
/** NEW modifier: add to the end of the list. */
export const NLM_F_APPEND = 0x800

/** DELETE modifier: do not delete recursively. */
export const NLM_F_NONREC = 0x100
/** DELETE modifier: delete multiple objects. */
export const NLM_F_BULK = 0x200

/** ACK flag: the request is capped: only its header follows the error. */
export const NLM_F_CAPPED = 0x100
/** ACK flag: the message has extended acknowledgement attributes. */
export const NLM_F_ACK_TLVS = 0x200

/** No operation. */
export const NLMSG_NOOP = 0x1
/** An error, or an acknowledgement if the error is 0. */
export const NLMSG_ERROR = 0x2
/** End of a dump. */
export const NLMSG_DONE = 0x3
/** Data was lost. */
export const NLMSG_OVERRUN = 0x4
/** The lowest type of a data message. Lower types are reserved for control messages. */
export const NLMSG_MIN_TYPE = 0x10

/** Length of struct nlmsghdr. */
export const NLMSG_HDRLEN = 16

/** Extended ack: error message, a NUL-terminated string. */
export const NLMSGERR_ATTR_MSG = 1
/** Extended ack: u32, offset of the bad attribute from the start of the request's nlmsghdr. */
export const NLMSGERR_ATTR_OFFS = 2
/** Extended ack: arbitrary data. */
export const NLMSGERR_ATTR_COOKIE = 3
/** Extended ack: nested, the policy of a rejected attribute. */
export const NLMSGERR_ATTR_POLICY = 4
/** Extended ack: u32, type of a missing required attribute. */
export const NLMSGERR_ATTR_MISS_TYPE = 5
/** Extended ack: u32, offset of the nest where an attribute was missing. */
export const NLMSGERR_ATTR_MISS_NEST = 6

/** Socket option: join a multicast group. */
export const NETLINK_ADD_MEMBERSHIP = 1
/** Socket option: leave a multicast group. */
export const NETLINK_DROP_MEMBERSHIP = 2
/** Socket option: acknowledgements carry the header of the request only. */
export const NETLINK_CAP_ACK = 10
/** Socket option: acknowledgements carry extended attributes. */
export const NETLINK_EXT_ACK = 11
/** Socket option: headers and attributes of GET requests are checked strictly. */
export const NETLINK_GET_STRICT_CHK = 12

/** Length of struct nlattr. */
export const NLA_HDRLEN = 4
/** Attribute type flag: the payload is attributes. */
export const NLA_F_NESTED = 0x8000
/** Attribute type flag: the payload is in network byte order. */
export const NLA_F_NET_BYTEORDER = 0x4000
/** The attribute type without the two flags. */
export const NLA_TYPE_MASK = 0x3fff

// Messages and attributes are both aligned to 4: NLMSG_ALIGNTO and NLA_ALIGNTO of
// <linux/netlink.h>.

/**
 * Rounds a length up to the alignment of messages and attributes.
 *
 * `#define NLMSG_ALIGN(len) ( ((len)+NLMSG_ALIGNTO-1) & ~(NLMSG_ALIGNTO-1) )`
 *
 * For lengths below 2^31; a length field read from the wire is checked before it is aligned.
 */
export function align4(length: number): number {
  return (length + 3) & ~3
}

/** No address family, or all of them. */
export const AF_UNSPEC = 0
/** Address family of IPv4. */
export const AF_INET = 2
/** Address family of IPv6 on Linux. */
export const AF_INET6 = 10
