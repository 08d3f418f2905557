import { formatIP } from 'wireguardcfg'
import { LITTLE_ENDIAN } from '../netlink/endian.js'
import { NF_INET_POST_ROUTING, NF_INET_PRE_ROUTING } from '../nft/constants.js'
import {
  connectionMark,
  destination,
  deviceName,
  drop,
  type Expression,
  inputName,
  is,
  isNot,
  packetMark,
  protocol,
  setConnectionMark,
  setPacketMark,
  sourceType,
} from '../nft/expressions.js'
import type { Table, TableName } from '../nft/table.js'
import { protocolOf } from './families.js'

/** Before conntrack, which has -200. */
const RAW = -300
/** Behind conntrack. */
const MANGLE = -150
const UDP = 17
/** RTN_LOCAL: the address is one of this machine. */
const LOCAL = 2
/** What the table of a tunnel is for, in one address family. */
export interface Tunnel {
  readonly device: string
  readonly family: 4 | 6
  /** Addresses of the interface in this family, 4 or 16 bytes each. */
  readonly addresses: readonly Uint8Array[]
  /** Firewall mark of the packets of the tunnel itself. */
  readonly mark: number
}

/** Returns the name of the table of a tunnel, as wg-quick(8) chooses it. */
export function tunnelTableName(device: string, family: 4 | 6): TableName {
  return { family: protocolOf(family), name: `wg-quick-${device}` }
}

/**
 * Returns the table of a tunnel through which all traffic goes, as wg-quick(8) makes it: packets to
 * the tunnel's addresses that come in elsewhere are dropped (CVE-2019-14899), and the answers of
 * the endpoint get the mark of the packets to it, so that rp_filter does not drop them.
 */
export function tunnelTable({ device, family, addresses, mark }: Tunnel): Table {
  const isUDP = [protocol, is(Uint8Array.of(UDP))]
  return {
    ...tunnelTableName(device, family),
    chains: [
      {
        name: 'preraw',
        type: 'filter',
        hook: NF_INET_PRE_ROUTING,
        priority: RAW,
        rules: addresses.map((address) => dropForeign(device, address)),
      },
      {
        name: 'premangle',
        type: 'filter',
        hook: NF_INET_PRE_ROUTING,
        priority: MANGLE,
        rules: [[...isUDP, connectionMark, setPacketMark]],
      },
      {
        name: 'postmangle',
        type: 'filter',
        hook: NF_INET_POST_ROUTING,
        priority: MANGLE,
        rules: [[...isUDP, packetMark, is(u32(mark)), packetMark, setConnectionMark]],
      },
    ],
  }
}

function dropForeign(device: string, address: Uint8Array): Expression[] {
  return [
    inputName,
    isNot(deviceName(device)),
    destination(address.length),
    is(address),
    sourceType,
    isNot(u32(LOCAL)),
    drop,
  ]
}

/** Data that is compared with a register has the byte order of the machine. */
function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, LITTLE_ENDIAN)
  return bytes
}

/** Returns the table as a file of nft(8). */
export function formatTunnelTable({ device, family, addresses, mark }: Tunnel): string {
  const ip = family === 4 ? 'ip' : 'ip6'
  const foreign = addresses.map(
    (address) =>
      `    iifname != "${device}" ${ip} daddr ${formatIP(address)} fib saddr type != local drop\n`,
  )
  return (
    `table ${ip} wg-quick-${device} {\n` +
    `  chain preraw {\n    type filter hook prerouting priority raw; policy accept;\n` +
    `${foreign.join('')}  }\n` +
    `  chain premangle {\n    type filter hook prerouting priority mangle; policy accept;\n` +
    `    meta l4proto udp meta mark set ct mark\n  }\n` +
    `  chain postmangle {\n    type filter hook postrouting priority mangle; policy accept;\n` +
    `    meta l4proto udp meta mark ${mark} ct mark set meta mark\n  }\n}\n`
  )
}
