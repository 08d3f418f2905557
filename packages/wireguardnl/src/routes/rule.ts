import { checkNumber, checkOptions, invalid, type OptionTable } from 'wireguardcfg/internal'
import { AF_INET, AF_INET6 } from '../netlink/constants.js'
import { FR_ACT_TO_TBL } from '../route/constants.js'
import type { Prefix } from '../route/prefix.js'
import type { KernelRule, KernelRuleRequest } from '../route/rule.js'
import { formatPrefix } from './prefix-text.js'
import { checkOptional, PROTOCOL, TABLE, U32 } from './numbers.js'

/** A rule of the kernel, which says for which packets a table of routes is used. */
export interface Rule {
  /** IPv4 or IPv6. */
  readonly family: 4 | 6
  /** Rules are tried in this order, the lowest first. */
  readonly priority: number
  /** `lookup`: its table is used. `other`: it does something else. */
  readonly action: 'lookup' | 'other'
  /** Number of the table; 0: none. */
  readonly table: number
  /** Whether it is for all packets but those that match: `ip rule`'s `not`. */
  readonly invert: boolean
  /** Network of the sender; undefined: all. */
  readonly source: string | undefined
  /** Network of the receiver; undefined: all. */
  readonly destination: string | undefined
  /** Name of the interface through which the packet came; undefined: all. */
  readonly inputDevice: string | undefined
  /** Name of the interface to which the sender is bound; undefined: all. */
  readonly outputDevice: string | undefined
  /** Firewall mark of the packet; compared as far as the mask says. */
  readonly firewallMark: number
  /** 0: the mark is not compared. */
  readonly firewallMask: number
  /** Routes with this prefix length or a shorter one are ignored; undefined: none is. */
  readonly suppressPrefixLength: number | undefined
  /** Who added it, by the numbers of rtnetlink(7): 2 the kernel, 0 not told. */
  readonly protocol: number
}

/** A rule to add, or to delete: what is absent is then not compared. */
export interface RuleInit {
  /** IPv4 or IPv6. */
  readonly family: 4 | 6
  /** Number of the table. */
  readonly table: number
  /**
   * Its place among the rules. Without it the kernel takes one before all rules but the first, and
   * adds the same rule as often as it is asked.
   */
  readonly priority?: number | undefined
  /** Whether it is for all packets but those that match. Default false, also in a deletion. */
  readonly invert?: boolean | undefined
  /** Firewall mark of the packet. */
  readonly firewallMark?: number | undefined
  /** Which bits of the mark are compared; absent in a new rule: all. */
  readonly firewallMask?: number | undefined
  /** Routes with this prefix length or a shorter one are ignored: 0 ignores default routes. */
  readonly suppressPrefixLength?: number | undefined
  /** 0 to 255. */
  readonly protocol?: number | undefined
}

const RULE: OptionTable<RuleInit> = {
  family: [4, 6],
  table: 'checked later',
  priority: 'checked later',
  invert: 'boolean',
  firewallMark: 'checked later',
  firewallMask: 'checked later',
  suppressPrefixLength: 'checked later',
  protocol: 'checked later',
}

const FAMILIES = { 4: AF_INET, 6: AF_INET6 }

/** Returns the kernel's number of an address family. */
export function familyNumber(family: 4 | 6): number {
  return FAMILIES[family]
}

/** Reads a rule that a caller gives. @throws WireGuardError `EINVAL` */
export function readRule(init: RuleInit): KernelRuleRequest {
  checkOptions(init ?? null, RULE)
  const { family, table, priority, invert, firewallMark, firewallMask, protocol } = init
  if (family === undefined) throw invalid('expected 4 or 6', { path: 'family' })
  const lengths = { max: family === 4 ? 32 : 128, expected: 'a prefix length of the family' }
  const { suppressPrefixLength } = init
  return {
    family: familyNumber(family),
    table: checkNumber('table', table, TABLE),
    priority: checkOptional('priority', priority, U32),
    isInverted: invert,
    mark: checkOptional('firewallMark', firewallMark, U32),
    mask: checkOptional('firewallMask', firewallMask, U32),
    suppressPrefixLength: checkOptional('suppressPrefixLength', suppressPrefixLength, lengths),
    protocol: checkOptional('protocol', protocol, PROTOCOL),
  }
}

/** Returns the public form of a rule. */
export function formatRule(rule: KernelRule): Rule {
  const { priority, table, suppressPrefixLength, protocol } = rule
  return {
    family: rule.family === AF_INET ? 4 : 6,
    priority,
    action: rule.action === FR_ACT_TO_TBL ? 'lookup' : 'other',
    table,
    invert: rule.isInverted,
    source: unlessAll(rule.source),
    destination: unlessAll(rule.destination),
    inputDevice: rule.inputName,
    outputDevice: rule.outputName,
    firewallMark: rule.mark,
    firewallMask: rule.mask,
    suppressPrefixLength,
    protocol,
  }
}

function unlessAll(prefix: Prefix): string | undefined {
  return prefix.length === 0 ? undefined : formatPrefix(prefix)
}
