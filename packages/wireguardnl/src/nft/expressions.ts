import { encodeName } from 'wireguardcfg/internal'
import type { AttributeWriter } from '../netlink/attribute-writer.js'
import {
  NF_DROP,
  NFT_CMP_EQ,
  NFT_CMP_NEQ,
  NFT_CT_MARK,
  NFT_FIB_RESULT_ADDRTYPE,
  NFT_META_IIFNAME,
  NFT_META_L4PROTO,
  NFT_META_MARK,
  NFT_META_OIFNAME,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFT_REG_1,
  NFT_REG_VERDICT,
  NFTA_CMP_DATA,
  NFTA_CMP_OP,
  NFTA_CMP_SREG,
  NFTA_CT_DREG,
  NFTA_CT_KEY,
  NFTA_CT_SREG,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_EXPR_DATA,
  NFTA_EXPR_NAME,
  NFTA_FIB_DREG,
  NFTA_FIB_F_SADDR,
  NFTA_FIB_FLAGS,
  NFTA_FIB_RESULT,
  NFTA_IMMEDIATE_DATA,
  NFTA_IMMEDIATE_DREG,
  NFTA_LIST_ELEM,
  NFTA_META_DREG,
  NFTA_META_KEY,
  NFTA_META_SREG,
  NFTA_PAYLOAD_BASE,
  NFTA_PAYLOAD_DREG,
  NFTA_PAYLOAD_LEN,
  NFTA_PAYLOAD_OFFSET,
  NFTA_VERDICT_CODE,
} from './constants.js'

/** Writes one expression of a rule. All of them use one register. */
export type Expression = (writer: AttributeWriter) => void

/** Writes a number as nf_tables has it: big-endian, on every machine. */
export function be32(writer: AttributeWriter, type: number, value: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  writer.blob(type, bytes)
}

function expression(name: string, write: (writer: AttributeWriter) => void): Expression {
  return (writer) =>
    writer.nested(NFTA_LIST_ELEM, (element) =>
      element.string(NFTA_EXPR_NAME, name).nested(NFTA_EXPR_DATA, write),
    )
}

function loadMeta(key: number): Expression {
  return expression('meta', (data) => {
    be32(data, NFTA_META_KEY, key)
    be32(data, NFTA_META_DREG, NFT_REG_1)
  })
}

/** Takes the name of the interface through which the packet came. */
export const inputName = loadMeta(NFT_META_IIFNAME)
/** Length of a name of an interface in a register. */
const IFNAMSIZ = 16

/** Returns a name of an interface, to compare with one that was taken. */
export function deviceName(name: string): Uint8Array {
  const bytes = Buffer.alloc(IFNAMSIZ)
  bytes.set(encodeName(name))
  return bytes
}

/** Takes the name of the interface through which the packet leaves. */
export const outputName = loadMeta(NFT_META_OIFNAME)
/** Takes the number of the protocol above IP. */
export const protocol = loadMeta(NFT_META_L4PROTO)
/** Takes the firewall mark of the packet. */
export const packetMark = loadMeta(NFT_META_MARK)

/** Gives the packet what was taken as its firewall mark. */
export const setPacketMark = expression('meta', (data) => {
  be32(data, NFTA_META_KEY, NFT_META_MARK)
  be32(data, NFTA_META_SREG, NFT_REG_1)
})

/** Takes the mark of the connection that the packet belongs to. */
export const connectionMark = expression('ct', (data) => {
  be32(data, NFTA_CT_KEY, NFT_CT_MARK)
  be32(data, NFTA_CT_DREG, NFT_REG_1)
})

/** Gives the connection of the packet what was taken as its mark. */
export const setConnectionMark = expression('ct', (data) => {
  be32(data, NFTA_CT_KEY, NFT_CT_MARK)
  be32(data, NFTA_CT_SREG, NFT_REG_1)
})

/** Takes the destination address, of 4 or 16 bytes. */
export function destination(length: number): Expression {
  return expression('payload', (data) => {
    be32(data, NFTA_PAYLOAD_DREG, NFT_REG_1)
    be32(data, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER)
    be32(data, NFTA_PAYLOAD_OFFSET, length === 4 ? 16 : 24)
    be32(data, NFTA_PAYLOAD_LEN, length)
  })
}

/** Takes the type of the source address, RTN_. */
export const sourceType = expression('fib', (data) => {
  be32(data, NFTA_FIB_FLAGS, NFTA_FIB_F_SADDR)
  be32(data, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE)
  be32(data, NFTA_FIB_DREG, NFT_REG_1)
})

function compare(operator: number, value: Uint8Array): Expression {
  return expression('cmp', (data) => {
    be32(data, NFTA_CMP_SREG, NFT_REG_1)
    be32(data, NFTA_CMP_OP, operator)
    data.nested(NFTA_CMP_DATA, (nest) => nest.blob(NFTA_DATA_VALUE, value))
  })
}

/** Goes on if what was taken has these bytes. */
export function is(value: Uint8Array): Expression {
  return compare(NFT_CMP_EQ, value)
}

/** Goes on if what was taken has other bytes. */
export function isNot(value: Uint8Array): Expression {
  return compare(NFT_CMP_NEQ, value)
}

/** Gives the packets of the connection the address of the interface through which they leave. */
export const masquerade = expression('masq', () => {})

/** Drops the packet. */
export const drop = expression('immediate', (data) => {
  be32(data, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT)
  data.nested(NFTA_IMMEDIATE_DATA, (nest) =>
    nest.nested(NFTA_DATA_VERDICT, (verdict) => be32(verdict, NFTA_VERDICT_CODE, NF_DROP)),
  )
})
