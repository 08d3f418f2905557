// From <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/if.h> and <bits/socket.h>,
// in the headers' order: what is used here.

/** A link that is there, was made or changed. */
export const RTM_NEWLINK = 16
/** A link that is gone. */
export const RTM_DELLINK = 17
/** Asks for links. */
export const RTM_GETLINK = 18
/** Changes a link that is there. */
export const RTM_SETLINK = 19
/** An address that is there or was added. */
export const RTM_NEWADDR = 20
/** An address that is gone. */
export const RTM_DELADDR = 21
/** Asks for addresses. */
export const RTM_GETADDR = 22

/** Extension mask: leave out statistics. */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3

/** Length of struct ifinfomsg. */
export const IFINFOMSG_LENGTH = 16

/** NUL-terminated string: the name. */
export const IFLA_IFNAME = 3
/** u32: the MTU. */
export const IFLA_MTU = 4
/** Nested: kind and what belongs to it. */
export const IFLA_LINKINFO = 18
/** u32: descriptor of the network namespace to move to. */
export const IFLA_NET_NS_FD = 28
/** u32: RTEXT_FILTER_ bits. */
export const IFLA_EXT_MASK = 29

/** Inside IFLA_LINKINFO, string: the kind, 'wireguard'. */
export const IFLA_INFO_KIND = 1

/** Length of struct ifaddrmsg. */
export const IFADDRMSG_LENGTH = 8

/**
 * 4 or 16 bytes: the address of the prefix; that of the other end when the link is point-to-point.
 */
export const IFA_ADDRESS = 1
/** 4 or 16 bytes: the local address, where it is not the same. */
export const IFA_LOCAL = 2

/** Interface flag: it is up. */
export const IFF_UP = 0x1
