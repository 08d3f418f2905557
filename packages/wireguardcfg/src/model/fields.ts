import type { DeviceConfig, PeerConfig } from './config.js'
import type { Device, Peer } from './device.js'

/** The fields of a device that hold one value and can be read and written. */
export type DeviceField = Exclude<keyof DeviceConfig & keyof Device, 'peers'>

/**
 * The fields of a peer that hold one value and can be read and written. The public key is not among
 * them, because it identifies the peer.
 */
export type PeerField = Exclude<keyof PeerConfig & keyof Peer, 'publicKey' | 'allowedIPs'>

/** The format of a value as text, in a `.conf` file and as an argument of `wireguard set`. */
export type FieldFormat = 'secret' | 'port' | 'mark' | 'endpoint' | 'interval'

/** One field and its name in each text and wire format. */
export interface FieldRow {
  /** The format of its text. */
  readonly format: FieldFormat
  /** The highest valid number; absent when the value is not a number. */
  readonly max?: number
  /** The value that clears the field; absent when nothing can clear it. */
  readonly unset?: null | 0
  /** The name in a `.conf` file (wg(8)). */
  readonly confKey: string
  /** The name in the cross-platform protocol (https://www.wireguard.com/xplatform/). */
  readonly uapiKey: string
  /** The name in netlink messages (<linux/wireguard.h>). */
  readonly attribute: string
  /** The name as an argument of `wg set` (wg(8)). */
  readonly argument: string
}

/**
 * The fields of a device, in the order of the schema. Code outside of the hot paths (files,
 * schemas, the command, differences) reads these tables. The codecs of the two protocols are
 * written by hand; `fields.test.ts` of the facade fails for a field that one of them lacks.
 */
export const DEVICE_FIELDS = {
  privateKey: {
    format: 'secret',
    unset: null,
    confKey: 'PrivateKey',
    uapiKey: 'private_key',
    attribute: 'WGDEVICE_A_PRIVATE_KEY',
    argument: 'private-key',
  },
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
} as const satisfies Record<DeviceField, FieldRow>

/** The fields of a peer, in the order of `wg showconf`, which prints the allowed IPs in between. */
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

/** A table of fields by name. */
export type FieldTable<Name extends string> = Readonly<Record<Name, FieldRow>>

/** Returns the names of a table's fields, in its order. */
export function fieldNames<Name extends string>(fields: FieldTable<Name>): Name[] {
  const names: Name[] = []
  for (const name in fields) names.push(name)
  return names
}

/** Returns the field that has this name in a format; `undefined` when there is none. */
export function fieldOf<Name extends string>(
  fields: FieldTable<Name>,
  form: 'confKey' | 'argument',
  text: string,
): Name | undefined {
  return fieldNames(fields).find((name) => fields[name][form] === text)
}

/** Returns the fields of a table that are not `undefined` in `values`. */
export function givenFields<Values extends object, Name extends keyof Values & string>(
  fields: FieldTable<Name>,
  values: Values,
): Partial<Pick<Values, Name>> {
  const given: Partial<Pick<Values, Name>> = {}
  for (const name in fields) {
    const value = values[name]
    if (value !== undefined) given[name] = value
  }
  return given
}

/** Returns the values that clear the fields of a table. */
export function unsetFields<Table extends FieldTable<string>>(
  fields: Table,
): { [Name in keyof Table]: Table[Name]['unset'] }
export function unsetFields(fields: FieldTable<string>): Record<string, FieldRow['unset']> {
  return Object.fromEntries(fieldNames(fields).map((name) => [name, fields[name]!.unset]))
}
