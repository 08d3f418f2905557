// From <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/if.h> and <bits/socket.h>,
// in the headers' order: what is used here.

/** A link that exists, was created or was changed. */
export const RTM_NEWLINK = 16
/** A link that was deleted. */
export const RTM_DELLINK = 17
/** Requests links. */
export const RTM_GETLINK = 18
/** Changes an existing link. */
export const RTM_SETLINK = 19
/** An address that exists or was added. */
export const RTM_NEWADDR = 20
/** An address that was removed. */
export const RTM_DELADDR = 21
/** Requests addresses. */
export const RTM_GETADDR = 22

/** Multicast group: changes of links. */
export const RTNLGRP_LINK = 1
/** Multicast group: changes of IPv4 addresses. */
export const RTNLGRP_IPV4_IFADDR = 5
/** Multicast group: changes of IPv6 addresses. */
export const RTNLGRP_IPV6_IFADDR = 9

/** Extension mask: leave out statistics. */
export const RTEXT_FILTER_SKIP_STATS = 1 << 3

/** Length of struct ifinfomsg. */
export const IFINFOMSG_LENGTH = 16

/** NUL-terminated string: the name. */
export const IFLA_IFNAME = 3
/** u32: the MTU. */
export const IFLA_MTU = 4
/** Nested: the kind of the link and the attributes of that kind. */
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
 * 4 or 16 bytes: the address that has the prefix. On a point-to-point link, the address of the
 * other end.
 */
export const IFA_ADDRESS = 1
/** 4 or 16 bytes: the local address, if it differs from IFA_ADDRESS. */
export const IFA_LOCAL = 2

/** Interface flag: the interface is up. */
export const IFF_UP = 0x1
