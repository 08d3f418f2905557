// From <linux/wireguard.h>, in the header's order, and the few numbers of <linux/socket.h> and
// <linux/in6.h> that it uses.

/** Name of the generic netlink family. */
export const WG_GENL_NAME = 'wireguard'
/** Version in the genlmsghdr of every message. */
export const WG_GENL_VERSION = 1

/** Length of every key, in bytes. */
export const WG_KEY_LEN = 32

/** Reads one device. Dump requests only. */
export const WG_CMD_GET_DEVICE = 0
/** Changes one device. Single requests (do) only. */
export const WG_CMD_SET_DEVICE = 1

/** Device flag: remove all peers before adding the list. */
export const WGDEVICE_F_REPLACE_PEERS = 1 << 0

/** u32. Either this or WGDEVICE_A_IFNAME selects the device. */
export const WGDEVICE_A_IFINDEX = 1
/** NUL-terminated, at most 15 bytes. */
export const WGDEVICE_A_IFNAME = 2
/** 32 bytes. SET: all zeros remove the key. GET: absent when none is set. */
export const WGDEVICE_A_PRIVATE_KEY = 3
/** 32 bytes. GET: absent when no private key is set. */
export const WGDEVICE_A_PUBLIC_KEY = 4
/** u32; SET: WGDEVICE_F_ bits. */
export const WGDEVICE_A_FLAGS = 5
/** u16 in host byte order. SET: 0 selects a free port. */
export const WGDEVICE_A_LISTEN_PORT = 6
/** u32; 0: off. */
export const WGDEVICE_A_FWMARK = 7
/** Nested list of peers. */
export const WGDEVICE_A_PEERS = 8

/** Peer flag: remove this peer. */
export const WGPEER_F_REMOVE_ME = 1 << 0
/** Peer flag: clear its allowed IPs before adding the list. */
export const WGPEER_F_REPLACE_ALLOWEDIPS = 1 << 1
/** Peer flag: do nothing unless the peer exists. */
export const WGPEER_F_UPDATE_ONLY = 1 << 2

/** 32 bytes. Required in every entry. */
export const WGPEER_A_PUBLIC_KEY = 1
/** 32 bytes; all zeros: none. */
export const WGPEER_A_PRESHARED_KEY = 2
/** u32; SET: WGPEER_F_ bits. */
export const WGPEER_A_FLAGS = 3
/** struct sockaddr_in or struct sockaddr_in6. GET: absent when no endpoint is known. */
export const WGPEER_A_ENDPOINT = 4
/** u16, seconds; 0: off. */
export const WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL = 5
/** struct __kernel_timespec; both fields 0: never. */
export const WGPEER_A_LAST_HANDSHAKE_TIME = 6
/** u64: bytes received. */
export const WGPEER_A_RX_BYTES = 7
/** u64: bytes sent. */
export const WGPEER_A_TX_BYTES = 8
/** Nested list of allowed IPs. */
export const WGPEER_A_ALLOWEDIPS = 9
/** u32; always 1. */
export const WGPEER_A_PROTOCOL_VERSION = 10

/** Allowed IP flag, since Linux 6.16: remove it from this peer. */
export const WGALLOWEDIP_F_REMOVE_ME = 1 << 0

/** u16 in host byte order: AF_INET or AF_INET6. */
export const WGALLOWEDIP_A_FAMILY = 1
/** 4 or 16 bytes in network byte order. */
export const WGALLOWEDIP_A_IPADDR = 2
/** u8: prefix length. */
export const WGALLOWEDIP_A_CIDR_MASK = 3
/** u32, since Linux 6.16: WGALLOWEDIP_F_ bits. */
export const WGALLOWEDIP_A_FLAGS = 4

export { AF_INET, AF_INET6 } from '../netlink/constants.js'
