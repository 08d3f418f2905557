// Captured on Linux 6.12 (x86-64, little-endian), family "wireguard" at 0x17, sequence number
// 0x3e9, port id 0x4d2. The requests and replies of the controller and of `wg show wg0 dump` and
// `wg set`, wireguard-tools 1.0.20210914.

import { hex } from '../../../../test-fixtures/hex.js'

export const SEQUENCE = 0x3e9
export const PORT_ID = 0x4d2

/** CTRL_CMD_GETFAMILY "wireguard". */
export const GETFAMILY_REQUEST = hex(`
  24 00 00 00  10 00  05 00  e9 03 00 00  00 00 00 00   # nlmsghdr: GENL_ID_CTRL, REQUEST|ACK
  03 01 00 00                                           # genlmsghdr: CTRL_CMD_GETFAMILY, version 1
  0e 00 02 00 "wireguard" 00  00 00                     # FAMILY_NAME
`)

/** Its answer. */
export const GETFAMILY_REPLY = hex(`
  70 00 00 00  10 00  00 00  e9 03 00 00  d2 04 00 00   # nlmsghdr
  01 02 00 00                                           # genlmsghdr: CTRL_CMD_NEWFAMILY, version 2
  0e 00 02 00 "wireguard" 00  00 00                     # FAMILY_NAME
  06 00 01 00 17 00  00 00                              # FAMILY_ID
  08 00 03 00 01 00 00 00                               # VERSION
  08 00 04 00 00 00 00 00                               # HDRSIZE
  08 00 05 00 08 00 00 00                               # MAXATTR
  2c 00 06 00                                           # OPS, without NLA_F_NESTED
    14 00 01 00  08 00 01 00 00 00 00 00  08 00 02 00 1c 00 00 00
    14 00 02 00  08 00 01 00 01 00 00 00  08 00 02 00 1a 00 00 00
`)

/** The acknowledgement of GETFAMILY_REQUEST. */
export const ACK = hex(`
  24 00 00 00  02 00  00 01  e9 03 00 00  d2 04 00 00   # NLMSG_ERROR, CAPPED
  00 00 00 00                                           # error 0
  24 00 00 00  10 00  05 00  e9 03 00 00  00 00 00 00   # the request's header
`)

/** The answer to WG_CMD_GET_DEVICE "nope". */
export const ENODEV_REPLY = hex(`
  24 00 00 00  02 00  00 01  e9 03 00 00  d2 04 00 00
  ed ff ff ff                                           # -19
  20 00 00 00  17 00  01 03  e9 03 00 00  00 00 00 00
`)

/** NLMSG_DONE of a dump. */
export const DONE = hex(`
  14 00 00 00  03 00  02 00  e9 03 00 00  d2 04 00 00  00 00 00 00
`)

/**
 * WG_CMD_GET_DEVICE: one peer, and the DONE in the same datagram. Bare 04 00 00 00 pads:
 * strict-alignment machines only.
 */
export const DEVICE_DUMP = Uint8Array.from([
  ...hex(`
  6c 01 00 00  17 00  02 00  e9 03 00 00  d2 04 00 00
  00 01 00 00
  06 00 06 00 6c ca 00 00                               # LISTEN_PORT 51820
  08 00 07 00 34 12 00 00                               # FWMARK 0x1234
  08 00 01 00 04 00 00 00                               # IFINDEX 4
  08 00 02 00 "wg0" 00                                  # IFNAME
  24 00 03 00 11 x32                                    # PRIVATE_KEY
  24 00 04 00 22 x32                                    # PUBLIC_KEY
  f0 00 08 80                                           # PEERS
    ec 00 00 80
      24 00 01 00 11 x32                                # PUBLIC_KEY
      24 00 02 00 00 x32                                # PRESHARED_KEY: none
      14 00 06 00 00 x16                                # LAST_HANDSHAKE_TIME: never
      06 00 05 00 19 00 00 00                           # PERSISTENT_KEEPALIVE_INTERVAL 25
      04 00 00 00                                       # pad
      0c 00 08 00 00 x8                                 # TX_BYTES
      04 00 00 00                                       # pad
      0c 00 07 00 00 x8                                 # RX_BYTES
      08 00 0a 00 01 00 00 00                           # PROTOCOL_VERSION
      14 00 04 00 02 00 ca 6c c0 00 02 01 00 x8         # ENDPOINT 192.0.2.1:51820
      48 00 09 80                                       # ALLOWEDIPS
        1c 00 00 80  05 00 03 00 20 00 00 00  06 00 01 00 02 00 00 00  08 00 02 00 0a 00 00 02
        28 00 00 80  05 00 03 00 80 00 00 00  06 00 01 00 0a 00 00 00  14 00 02 00 fd 00 00 00 00 x11 02
`),
  ...DONE,
])

/** WG_CMD_SET_DEVICE with a listen port of four bytes instead of two. */
export const BAD_SET_REQUEST = hex(`
  24 00 00 00  17 00  05 00  e9 03 00 00  00 00 00 00
  01 01 00 00
  08 00 02 00 "wg0" 00
  08 00 06 00 6c ca 00 00
`)

const BAD_SET_ATTRIBUTES = hex(`
  1d 00 01 00 "invalid attribute length" 00  00 00 00   # MSG
  08 00 02 00 1c 00 00 00                               # OFFS 28: the listen port
  2c 00 04 80                                           # POLICY
    08 00 01 00 03 00 00 00                             # TYPE u16
    0c 00 04 00 00 x8                                   # MIN_U
    0c 00 05 00 ff ff 00 x6                             # MAX_U
    08 00 06 00 00 00 00 00
`)

/** Its answer on a socket with NETLINK_CAP_ACK. */
export const BAD_SET_REPLY_CAPPED = Uint8Array.from([
  ...hex(`
  78 00 00 00  02 00  00 03  e9 03 00 00  d2 04 00 00   # CAPPED|ACK_TLVS
  ea ff ff ff                                           # -22
  24 00 00 00  17 00  05 00  e9 03 00 00  00 00 00 00
`),
  ...BAD_SET_ATTRIBUTES,
])

/** Its answer on a socket without it: the request is echoed whole before the attributes. */
export const BAD_SET_REPLY_UNCAPPED = Uint8Array.from([
  ...hex(`
  8c 00 00 00  02 00  00 02  e9 03 00 00  d2 04 00 00   # ACK_TLVS
  ea ff ff ff
`),
  ...BAD_SET_REQUEST,
  ...BAD_SET_ATTRIBUTES,
])

/** Every captured datagram, for tests that cut them. */
export const DATAGRAMS: readonly (readonly [string, Uint8Array])[] = [
  ['GETFAMILY request', GETFAMILY_REQUEST],
  ['GETFAMILY reply', GETFAMILY_REPLY],
  ['acknowledgement', ACK],
  ['ENODEV', ENODEV_REPLY],
  ['device dump', DEVICE_DUMP],
  ['extended ack, capped', BAD_SET_REPLY_CAPPED],
  ['extended ack, not capped', BAD_SET_REPLY_UNCAPPED],
]
