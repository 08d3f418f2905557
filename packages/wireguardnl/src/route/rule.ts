import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import { AF_INET, AF_INET6, NLM_F_CREATE, NLM_F_EXCL } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { dumpAll } from '../netlink/dump.js'
import { LITTLE_ENDIAN, viewOf } from '../netlink/endian.js'
import { NetlinkError } from '../netlink/errors.js'
import type { Message } from '../netlink/message.js'
import {
  FIB_RULE_HDR_LENGTH,
  FIB_RULE_INVERT,
  FR_ACT_TO_TBL,
  FRA_DST,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_IIFNAME,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_PROTOCOL,
  FRA_SRC,
  FRA_SUPPRESS_PREFIXLEN,
  FRA_TABLE,
  RTM_DELRULE,
  RTM_GETRULE,
  RTM_NEWRULE,
} from './constants.js'
import { type Prefix, prefixOf } from './prefix.js'

const RULES = { request: RTM_GETRULE, reply: RTM_NEWRULE }

/** A rule as the kernel reports it. */
export interface KernelRule {
  /** AF_INET or AF_INET6. */
  readonly family: number
  readonly priority: number
  /** FR_ACT_ */
  readonly action: number
  /** 0: none. */
  readonly table: number
  readonly isInverted: boolean
  readonly source: Prefix
  readonly destination: Prefix
  readonly inputName: string | undefined
  readonly outputName: string | undefined
  readonly mark: number
  readonly mask: number
  readonly suppressPrefixLength: number | undefined
  /** RTPROT_; 0: not told. */
  readonly protocol: number
}

/** A rule to add or to delete. What is absent in a deletion is not compared. */
export interface KernelRuleRequest {
  readonly family: number
  readonly table: number
  readonly priority?: number | undefined
  readonly isInverted?: boolean | undefined
  readonly mark?: number | undefined
  readonly mask?: number | undefined
  readonly suppressPrefixLength?: number | undefined
  readonly protocol?: number | undefined
}

/** The kernel's value for a rule that ignores no routes. */
const NOTHING_SUPPRESSED = 0xffff_ffff

/**
 * Lists the rules of one address family, in their order. Equal to `ip rule`. Needs no privilege.
 *
 * @throws {NetlinkError}
 */
export async function listRules(
  connection: Connection,
  family: number,
  options: ExchangeOptions = {},
): Promise<KernelRule[]> {
  const payload = encodeRuleHeader({ family })
  const listed = { ...options, operation: 'list rules' }
  try {
    return await dumpAll(connection, RULES, payload, decodeRule, listed)
  } catch (error) {
    // A kernel without IPv6 has no rules for it.
    if (error instanceof NetlinkError && error.code === 'EAFNOSUPPORT') return []
    throw error
  }
}

/**
 * Adds a rule. Equal to `ip rule add`.
 *
 * @throws {NetlinkError} EEXIST the same one is there, which the kernel notices only for a priority
 * that is given; EPERM
 */
export async function addRule(
  connection: Connection,
  rule: KernelRuleRequest,
  options: ExchangeOptions = {},
): Promise<void> {
  await connection.request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, encodeRule(rule), {
    ...options,
    operation: 'add rule',
    send: 'writer',
  })
}

/**
 * Deletes the first rule that matches. Equal to `ip rule delete`.
 *
 * @throws {NetlinkError} ENOENT there is none, EPERM
 */
export async function deleteRule(
  connection: Connection,
  rule: KernelRuleRequest,
  options: ExchangeOptions = {},
): Promise<void> {
  await connection.request(RTM_DELRULE, 0, encodeRule(rule), {
    ...options,
    operation: 'delete rule',
    send: 'writer',
  })
}

/** Encodes the payload of an RTM_NEWRULE or RTM_DELRULE. */
export function encodeRule(rule: KernelRuleRequest): Uint8Array {
  const { family, table, priority, isInverted = false, mark, mask, protocol } = rule
  const flags = isInverted ? FIB_RULE_INVERT : 0
  const header = { family, table, action: FR_ACT_TO_TBL, flags }
  const writer = new AttributeWriter(128).raw(encodeRuleHeader(header))
  if (priority !== undefined) writer.u32(FRA_PRIORITY, priority)
  if (mark !== undefined) writer.u32(FRA_FWMARK, mark)
  if (mask !== undefined) writer.u32(FRA_FWMASK, mask)
  if (table > 0xff) writer.u32(FRA_TABLE, table)
  const { suppressPrefixLength } = rule
  if (suppressPrefixLength !== undefined) writer.u32(FRA_SUPPRESS_PREFIXLEN, suppressPrefixLength)
  if (protocol !== undefined) writer.u8(FRA_PROTOCOL, protocol)
  return writer.bytes()
}

/**
 * Decodes an RTM_NEWRULE; undefined for an address family other than IPv4 and IPv6.
 *
 * @throws {MalformedMessageError}
 */
export function decodeRule(message: Message): KernelRule | undefined {
  const { bytes, view, start } = message
  const attribute = AttributeReader.of(message, FIB_RULE_HDR_LENGTH)
  const family = bytes[start]!
  if (family !== AF_INET && family !== AF_INET6) return undefined
  const size = family === AF_INET ? 4 : 16
  let [table, priority, mark, mask, protocol] = [bytes[start + 4]!, 0, 0, 0, 0]
  let source: Uint8Array | undefined
  let destination: Uint8Array | undefined
  let inputName: string | undefined
  let outputName: string | undefined
  let suppressPrefixLength: number | undefined
  while (attribute.next()) {
    switch (attribute.type) {
      case FRA_DST:
        destination = attribute.bytes(size).slice(0, size)
        break
      case FRA_SRC:
        source = attribute.bytes(size).slice(0, size)
        break
      case FRA_IIFNAME:
        inputName = attribute.string()
        break
      case FRA_PRIORITY:
        priority = attribute.u32()
        break
      case FRA_FWMARK:
        mark = attribute.u32()
        break
      case FRA_SUPPRESS_PREFIXLEN: {
        const length = attribute.u32()
        suppressPrefixLength = length === NOTHING_SUPPRESSED ? undefined : length
        break
      }
      case FRA_TABLE:
        table = attribute.u32()
        break
      case FRA_FWMASK:
        mask = attribute.u32()
        break
      case FRA_OIFNAME:
        outputName = attribute.string()
        break
      case FRA_PROTOCOL:
        protocol = attribute.u8()
        break
    }
  }
  return {
    family,
    priority,
    action: bytes[start + 7]!,
    table,
    isInverted: (view.getUint32(start + 8, LITTLE_ENDIAN) & FIB_RULE_INVERT) !== 0,
    source: prefixOf(source, bytes[start + 2]!, size, start),
    destination: prefixOf(destination, bytes[start + 1]!, size, start),
    inputName,
    outputName,
    mark,
    mask,
    suppressPrefixLength,
    protocol,
  }
}

/**
 * Encodes `struct fib_rule_hdr`: family, dst_len, src_len, tos, table, res1, res2, action (all u8),
 * flags (u32). A table above 255 is in FRA_TABLE.
 */
function encodeRuleHeader(fields: {
  readonly family: number
  readonly table?: number
  readonly action?: number
  readonly flags?: number
}): Uint8Array {
  const { family, table = 0, action = 0, flags = 0 } = fields
  const small = table > 0xff ? 0 : table
  const header = Uint8Array.of(family, 0, 0, 0, small, 0, 0, action, 0, 0, 0, 0)
  viewOf(header).setUint32(8, flags, LITTLE_ENDIAN)
  return header
}
