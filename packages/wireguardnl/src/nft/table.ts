import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { BatchMessage } from '../netlink/batch.js'
import type { Connection } from '../netlink/connection.js'
import { NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { dumpAll } from '../netlink/dump.js'
import type { Message } from '../netlink/message.js'
import {
  NFGENMSG_LENGTH,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG_DELTABLE,
  NFT_MSG_GETCHAIN,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
  NFTA_CHAIN_HOOK,
  NFTA_CHAIN_NAME,
  NFTA_CHAIN_POLICY,
  NFTA_CHAIN_TABLE,
  NFTA_CHAIN_TYPE,
  NFTA_HOOK_HOOKNUM,
  NFTA_HOOK_PRIORITY,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_TABLE,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_NAME,
} from './constants.js'
import { be32, type Expression } from './expressions.js'

const CHAINS = { request: NFT_MSG_GETCHAIN, reply: NFT_MSG_NEWCHAIN }
const TABLES = { request: NFT_MSG_GETTABLE, reply: NFT_MSG_NEWTABLE }

/** A table of nf_tables, by which it is known. */
export interface TableName {
  /** NFPROTO_ */
  readonly family: number
  readonly name: string
}

/** A table with everything in it. */
export interface Table extends TableName {
  readonly chains: readonly Chain[]
}

/** A chain of rules that the kernel calls for packets. */
export interface Chain {
  readonly name: string
  readonly type: 'filter' | 'nat'
  /** NF_INET_ */
  readonly hook: number
  /** Chains with a lower number come first. */
  readonly priority: number
  readonly rules: readonly (readonly Expression[])[]
}

/** Returns the messages that make a table, which does not exist. */
export function createTable({ family, name, chains }: Table): BatchMessage[] {
  return [
    message(NFT_MSG_NEWTABLE, 0, family, (writer) => {
      writer.string(NFTA_TABLE_NAME, name)
      be32(writer, NFTA_TABLE_FLAGS, 0)
    }),
    ...chains.map((chain) =>
      message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, family, (writer) => {
        writer.string(NFTA_CHAIN_TABLE, name).string(NFTA_CHAIN_NAME, chain.name)
        writer.string(NFTA_CHAIN_TYPE, chain.type).nested(NFTA_CHAIN_HOOK, (hook) => {
          be32(hook, NFTA_HOOK_HOOKNUM, chain.hook)
          be32(hook, NFTA_HOOK_PRIORITY, chain.priority)
        })
      }),
    ),
    ...chains.flatMap((chain) =>
      chain.rules.map((rule) =>
        message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, (writer) => {
          writer.string(NFTA_RULE_TABLE, name).string(NFTA_RULE_CHAIN, chain.name)
          writer.nested(NFTA_RULE_EXPRESSIONS, (list) => {
            for (const expression of rule) expression(list)
          })
        }),
      ),
    ),
  ]
}

/** Returns the messages that delete a table. It may not exist: it is made before. */
export function deleteTable({ family, name }: TableName): BatchMessage[] {
  return [
    message(NFT_MSG_NEWTABLE, 0, family, (writer) => {
      writer.string(NFTA_TABLE_NAME, name)
    }),
    message(NFT_MSG_DELTABLE, 0, family, (writer) => {
      writer.string(NFTA_TABLE_NAME, name)
    }),
  ]
}

/** Puts messages between those that make them a transaction. */
export function transaction(messages: readonly BatchMessage[]): BatchMessage[] {
  // Linux 6.1 does not acknowledge the markers.
  const payload = header(0, NFNL_SUBSYS_NFTABLES)
  return [
    { type: NFNL_MSG_BATCH_BEGIN, flags: 0, payload },
    ...messages,
    { type: NFNL_MSG_BATCH_END, flags: 0, payload },
  ]
}

/** Lists the tables of all families. @throws {NetlinkError} */
export function listTables(connection: Connection, options: ExchangeOptions): Promise<TableName[]> {
  return dumpAll(connection, TABLES, header(0, 0), decodeTable, options)
}

/** Decodes an NFT_MSG_NEWTABLE. @throws {MalformedMessageError} */
export function decodeTable(received: Message): TableName | undefined {
  const family = received.bytes[received.start]!
  let name: string | undefined
  for (const attribute = AttributeReader.of(received, NFGENMSG_LENGTH); attribute.next();) {
    if (attribute.type === NFTA_TABLE_NAME) name = attribute.string()
  }
  return name === undefined ? undefined : { family, name }
}

/** A chain that the kernel calls for packets. */
export interface HookedChain {
  /** NFPROTO_ */
  readonly family: number
  readonly table: string
  readonly name: string
  /** NF_INET_, or that of another family. */
  readonly hook: number
  /** NF_: what becomes of a packet at its end. */
  readonly policy: number
}

/** Lists the chains of all families that the kernel calls. @throws {NetlinkError} */
export function listChains(
  connection: Connection,
  options: ExchangeOptions,
): Promise<HookedChain[]> {
  return dumpAll(connection, CHAINS, header(0, 0), decodeChain, options)
}

/**
 * Decodes an NFT_MSG_NEWCHAIN; undefined: only other chains call it.
 *
 * @throws {MalformedMessageError}
 */
export function decodeChain(received: Message): HookedChain | undefined {
  const family = received.bytes[received.start]!
  let [table, name] = ['', '']
  let [hook, policy]: (number | undefined)[] = []
  for (const attribute = AttributeReader.of(received, NFGENMSG_LENGTH); attribute.next();) {
    if (attribute.type === NFTA_CHAIN_TABLE) table = attribute.string()
    else if (attribute.type === NFTA_CHAIN_NAME) name = attribute.string()
    else if (attribute.type === NFTA_CHAIN_POLICY) policy = numberOf(attribute)
    else if (attribute.type === NFTA_CHAIN_HOOK) {
      for (const inner = attribute.nested(); inner.next();) {
        if (inner.type === NFTA_HOOK_HOOKNUM) hook = numberOf(inner)
      }
    }
  }
  return hook === undefined || policy === undefined
    ? undefined
    : { family, table, name, hook, policy }
}

/** Reads a be32. */
function numberOf(attribute: AttributeReader): number {
  const [a = 0, b = 0, c = 0, d = 0] = attribute.bytes(4)
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

/**
 * Every message is acknowledged: without that, the kernel answers a transaction that succeeds with
 * silence.
 */
function message(
  type: number,
  flags: number,
  family: number,
  write: (writer: AttributeWriter) => void,
): BatchMessage {
  const writer = new AttributeWriter(512).raw(header(family, 0))
  write(writer)
  return { type, flags: flags | NLM_F_ACK, payload: writer.bytes() }
}

/** Encodes `struct nfgenmsg`: family (u8), version (u8), resource (be16). */
function header(family: number, resource: number): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 0xff)
}
