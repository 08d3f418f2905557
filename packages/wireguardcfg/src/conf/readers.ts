import type { AllowedIP } from '../model/allowed-ip.js'
import { DEVICE_FIELDS, fieldNames, type FieldTable, PEER_FIELDS } from '../model/fields.js'
import type { PublicKey } from '../model/key.js'
import type { QuickKey } from './keys.js'
import type { ConfInterface, ConfPeer } from './types.js'
import { parseAllowedIPs, warningsOf } from './values/allowed-ips.js'
import { parsePublicKeyValue } from './values/key-values.js'
import { VALUE_PARSERS } from './values/parsers.js'
import {
  type ConfDNS,
  parseAddresses,
  parseDNS,
  parseMTU,
  parseSaveConfig,
  parseTable,
} from './values/quick.js'
import type { Parsed, ValueFault } from './values/value.js'

/** `[Interface]` while it is read. Later sections and keys overwrite its values or add to them. */
export type InterfaceDraft = {
  -readonly [Field in keyof ConfInterface]: Mutable<ConfInterface[Field]>
}

type Mutable<Value> = Value extends readonly string[]
  ? string[]
  : Value extends ConfDNS
    ? { -readonly [Field in keyof ConfDNS]: string[] }
    : Value

/** A `[Peer]` while it is read. */
export interface ConfPeerDraft {
  readonly line: number
  readonly name: string | undefined
  publicKey: PublicKey | undefined
  /** Whether a line names a public key, even an invalid one. */
  hasPublicKey: boolean
  presharedKey: ConfPeer['presharedKey']
  endpoint: ConfPeer['endpoint']
  persistentKeepalive: number | undefined
  /** What happens to each allowed IP. */
  readonly changes: Map<AllowedIP, AllowedIPChange>
  incremental: boolean
}

/**
 * What the entries for one allowed IP do. wg(8) applies them in order, so the last one counts.
 * `pass` stands for one that is added and removed again: no peer has it then, not even the one that
 * had it before.
 */
export type AllowedIPChange = 'add' | 'remove' | 'pass'

/** Returns the change after one more entry. */
export function nextChange(before: AllowedIPChange | undefined, sign: string): AllowedIPChange {
  if (sign !== '-') return 'add'
  return before === 'add' || before === 'pass' ? 'pass' : 'remove'
}

/** The result of reading one value: a fault, or warnings about a value that was stored. */
export interface ReadOutcome {
  readonly fault?: ValueFault
  readonly warnings?: readonly ValueFault[]
}

/** Returns an `[Interface]` without keys. */
export function newInterfaceDraft(): InterfaceDraft {
  return {
    privateKey: undefined,
    listenPort: undefined,
    firewallMark: undefined,
    addresses: [],
    dns: { servers: [], search: [] },
    mtu: undefined,
    table: undefined,
    preUp: [],
    postUp: [],
    preDown: [],
    postDown: [],
    saveConfig: undefined,
  }
}

/** Returns a `[Peer]` without keys. */
export function newPeerDraft(line: number, name: string | undefined): ConfPeerDraft {
  return {
    line,
    name,
    publicKey: undefined,
    hasPublicKey: false,
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: undefined,
    changes: new Map(),
    incremental: false,
  }
}

/** A reader for each key of wg(8) in `[Interface]`. Its value has no white space. */
export const INTERFACE_READERS: Readers<InterfaceDraft> = fieldReaders(DEVICE_FIELDS)

/** A reader for each key of wg-quick(8). Its value is trimmed. */
export const QUICK_READERS: Record<QuickKey, Reader<InterfaceDraft>> = {
  Address: (draft, text) => store(parseAddresses(text), (value) => pushAll(draft.addresses, value)),
  DNS: (draft, text) =>
    store(parseDNS(text), ({ servers, search }) => {
      pushAll(draft.dns.servers, servers)
      pushAll(draft.dns.search, search)
    }),
  MTU: (draft, text) => store(parseMTU(text), (value) => (draft.mtu = value)),
  Table: (draft, text) => store(parseTable(text), (value) => (draft.table = value)),
  PreUp: (draft, text) => store({ value: text }, (value) => draft.preUp.push(value)),
  PostUp: (draft, text) => store({ value: text }, (value) => draft.postUp.push(value)),
  PreDown: (draft, text) => store({ value: text }, (value) => draft.preDown.push(value)),
  PostDown: (draft, text) => store({ value: text }, (value) => draft.postDown.push(value)),
  SaveConfig: (draft, text) => store(parseSaveConfig(text), (value) => (draft.saveConfig = value)),
}

/** A reader for each key of wg(8) in `[Peer]`. Its value has no white space. */
export const PEER_READERS: Readers<ConfPeerDraft> = {
  ...fieldReaders(PEER_FIELDS),
  PublicKey: (draft, text) =>
    store(parsePublicKeyValue(text), (value) => (draft.publicKey = value)),
  AllowedIPs: (draft, text, shown) => {
    const parsed = parseAllowedIPs(text, shown)
    if ('fault' in parsed) return parsed
    for (const { sign, allowedIP } of parsed.value) {
      draft.changes.set(allowedIP, nextChange(draft.changes.get(allowedIP), sign))
    }
    // wg(8) decides again at every AllowedIPs line. A line without signs replaces the list, even
    // after a line with signs.
    draft.incremental = parsed.value.some(({ sign }) => sign !== '')
    return { warnings: warningsOf(parsed.value) }
  },
}

/** @param shown the value as written in the file, which messages quote; default: the text itself */
type Reader<Draft> = (draft: Draft, text: string, shown?: string) => ReadOutcome

/** Readers by key. */
type Readers<Draft> = Readonly<Record<string, Reader<Draft>>>

/** Returns readers for a table's fields. Each stores the value under the field's name. */
function fieldReaders<Name extends string>(
  fields: FieldTable<Name>,
): Readers<{ [Field in Name]: unknown }> {
  const readers: Record<string, Reader<{ [Field in Name]: unknown }>> = {}
  for (const name of fieldNames(fields)) {
    const { confKey, format } = fields[name]
    readers[confKey] = (draft, text, shown) =>
      store<unknown>(VALUE_PARSERS[format](text, shown), (value) => (draft[name] = value))
  }
  return readers
}

function store<T>(parsed: Parsed<T>, keep: (value: T) => unknown): ReadOutcome {
  if ('fault' in parsed) return parsed
  keep(parsed.value)
  return parsed.warnings === undefined ? {} : { warnings: parsed.warnings }
}

/** Appends values one by one, because a call has a limited number of arguments. */
function pushAll(list: string[], values: readonly string[]): void {
  for (const value of values) list.push(value)
}
