import type { DeviceConfig, PeerConfig } from './config.js'
import type { Device, Peer } from './device.js'

/** The fields of a device that are one value, read and written. */
export type DeviceField = Exclude<keyof DeviceConfig & keyof Device, 'peers'>

/** The fields of a peer that are one value, read and written; its public key only names it. */
export type PeerField = Exclude<keyof PeerConfig & keyof Peer, 'publicKey' | 'allowedIPs'>

/** How the text of a value looks in a `.conf` file and as an argument of `wireguard set`. */
export type FieldFormat = 'secret' | 'port' | 'mark' | 'endpoint' | 'interval'

/** One field, and what each text and wire form calls it. */
export interface FieldRow {
  /** How its text looks. */
  readonly format: FieldFormat
  /** The highest number that is acceptable; absent: the value is no number. */
  readonly max?: number
  /** The value that clears the field; absent: nothing can clear it. */
  readonly unset?: null | 0
  /** In a `.conf` file (wg(8)). */
  readonly confKey: string
  /** In the cross-platform protocol (https://www.wireguard.com/xplatform/). */
  readonly uapiKey: string
  /** In netlink messages (<linux/wireguard.h>). */
  readonly attribute: string
  /** As an argument of `wg set` (wg(8)). */
  readonly argument: string
}

/**
 * The fields of a device, in the order of `wg showconf`. The paths that are rarely taken (files,
 * schemas, the command, differences) take what they need from these tables; the codecs of the two
 * protocols are written by hand, and `fields.test.ts` of the facade fails for a field that one of
 * them does not know.
 */
export const DEVICE_FIELDS = {
  listenPort: {
    format: 'port',
    max: 0xffff,
    unset: 0,
    confKey: 'ListenPort',
    uapiKey: 'listen_port',
    attribute: 'WGDEVICE_A_LISTEN_PORT',
    argument: 'listen-port',
  },
  firewallMark: {
    format: 'mark',
    max: 0xffff_ffff,
    unset: 0,
    confKey: 'FwMark',
    uapiKey: 'fwmark',
    attribute: 'WGDEVICE_A_FWMARK',
    argument: 'fwmark',
  },
  privateKey: {
    format: 'secret',
    unset: null,
    confKey: 'PrivateKey',
    uapiKey: 'private_key',
    attribute: 'WGDEVICE_A_PRIVATE_KEY',
    argument: 'private-key',
  },
} as const satisfies Record<DeviceField, FieldRow>

/** The fields of a peer, in the order of `wg showconf`, which has the allowed IPs in between. */
export const PEER_FIELDS = {
  presharedKey: {
    format: 'secret',
    unset: null,
    confKey: 'PresharedKey',
    uapiKey: 'preshared_key',
    attribute: 'WGPEER_A_PRESHARED_KEY',
    argument: 'preshared-key',
  },
  endpoint: {
    format: 'endpoint',
    confKey: 'Endpoint',
    uapiKey: 'endpoint',
    attribute: 'WGPEER_A_ENDPOINT',
    argument: 'endpoint',
  },
  persistentKeepalive: {
    format: 'interval',
    max: 0xffff,
    unset: 0,
    confKey: 'PersistentKeepalive',
    uapiKey: 'persistent_keepalive_interval',
    attribute: 'WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL',
    argument: 'persistent-keepalive',
  },
} as const satisfies Record<PeerField, FieldRow>

/** A table of fields. */
export type FieldTable<Name extends string> = Readonly<Record<Name, FieldRow>>

/** The names of a table's fields, in its order. */
export function fieldNames<Name extends string>(fields: FieldTable<Name>): Name[] {
  const names: Name[] = []
  for (const name in fields) names.push(name)
  return names
}

/** The field that one of the forms calls so; `undefined`: none. */
export function fieldOf<Name extends string>(
  fields: FieldTable<Name>,
  form: 'confKey' | 'argument',
  text: string,
): Name | undefined {
  return fieldNames(fields).find((name) => fields[name][form] === text)
}

/** The fields of a table that `values` has: those that are not `undefined`. */
export function givenFields<Values extends object, Name extends keyof Values & string>(
  fields: FieldTable<Name>,
  values: Values,
): Partial<Pick<Values, Name>> {
  const given: Partial<Pick<Values, Name>> = {}
  for (const name of fieldNames(fields)) {
    if (values[name] !== undefined) Object.assign(given, { [name]: values[name] })
  }
  return given
}

/** The values that clear the fields of a table. */
export function unsetFields<Table extends FieldTable<string>>(
  fields: Table,
): { [Name in keyof Table]: Table[Name]['unset'] }
export function unsetFields(fields: FieldTable<string>): Record<string, FieldRow['unset']> {
  return Object.fromEntries(fieldNames(fields).map((name) => [name, fields[name]!.unset]))
}
