// From <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/fib_rules.h>, <linux/if.h>
// and <bits/socket.h>, in the headers' order: what is used here.

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
/** A route that exists or was added. */
export const RTM_NEWROUTE = 24
/** A route that was removed. */
export const RTM_DELROUTE = 25
/** Requests routes, or the route to one address. */
export const RTM_GETROUTE = 26
/** A rule that exists or was added. */
export const RTM_NEWRULE = 32
/** A rule that was removed. */
export const RTM_DELRULE = 33
/** Requests rules. */
export const RTM_GETRULE = 34

/** Route type: through an interface or a gateway. */
export const RTN_UNICAST = 1

/** Route protocol: added by an administrator, as `ip route add` does. */
export const RTPROT_BOOT = 3

/** Scope: anywhere. */
export const RT_SCOPE_UNIVERSE = 0
/** Scope: reachable without a gateway. */
export const RT_SCOPE_LINK = 253
/** Scope: any, in a deletion. */
export const RT_SCOPE_NOWHERE = 255

/** Route table: the main one. */
export const RT_TABLE_MAIN = 254

/** Route flag: a copy that the kernel keeps of what it looked up. */
export const RTM_F_CLONED = 0x200
/** Lookup flag: tell the table. */
export const RTM_F_LOOKUP_TABLE = 0x1000

/** Length of struct rtmsg. */
export const RTMSG_LENGTH = 12

/** 4 or 16 bytes: destination. */
export const RTA_DST = 1
/** u32: index of the interface. */
export const RTA_OIF = 4
/** 4 or 16 bytes: the next hop. */
export const RTA_GATEWAY = 5
/** u32: metric. */
export const RTA_PRIORITY = 6
/** 4 or 16 bytes: preferred source address. */
export const RTA_PREFSRC = 7
/** Nested RTAX_ attributes. */
export const RTA_METRICS = 8
/** u32: the table. */
export const RTA_TABLE = 15
/** u32: the firewall mark of the packet that is looked up. */
export const RTA_MARK = 16

/** Inside RTA_METRICS, u32: path MTU. */
export const RTAX_MTU = 2

/** Length of struct fib_rule_hdr. */
export const FIB_RULE_HDR_LENGTH = 12

/** Rule flag: it is for packets that do not match. */
export const FIB_RULE_INVERT = 0x2
/** Rule action: look the packet up in a table. */
export const FR_ACT_TO_TBL = 1

/** 4 or 16 bytes: destination. */
export const FRA_DST = 1
/** 4 or 16 bytes: source. */
export const FRA_SRC = 2
/** String: name of the interface that the packet came through. */
export const FRA_IIFNAME = 3
/** u32: the place of the rule among the others. */
export const FRA_PRIORITY = 6
/** u32: firewall mark. */
export const FRA_FWMARK = 10
/** u32: ignore routes with this prefix length or a shorter one; all ones: ignore none. */
export const FRA_SUPPRESS_PREFIXLEN = 14
/** u32: the table. */
export const FRA_TABLE = 15
/** u32: which bits of the firewall mark are compared. */
export const FRA_FWMASK = 16
/** String: name of the interface that the packet is sent through. */
export const FRA_OIFNAME = 17
/** u8: who added the rule. */
export const FRA_PROTOCOL = 21

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
