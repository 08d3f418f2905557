import { DEVICE_FIELDS, PEER_FIELDS } from '../model/fields.js'
import { foldCase } from './text.js'

/** The two sections of a file. */
export type ConfSectionKind = 'interface' | 'peer'

/** The keys that wg(8) reads in `[Interface]`. */
export type WgInterfaceKey = 'PrivateKey' | 'ListenPort' | 'FwMark'

/** The keys that wg-quick(8) reads in `[Interface]`; wg(8) refuses them. */
export type QuickKey =
  'Address' | 'DNS' | 'MTU' | 'Table' | 'PreUp' | 'PostUp' | 'PreDown' | 'PostDown' | 'SaveConfig'

/** The keys that wg(8) reads in `[Peer]`. */
export type PeerKey =
  'PublicKey' | 'PresharedKey' | 'AllowedIPs' | 'Endpoint' | 'PersistentKeepalive'

/** Every key that wg(8) or wg-quick(8) knows. */
export type ConfKey = WgInterfaceKey | QuickKey | PeerKey

/**
 * The program that reads the file. `wg` is wg(8), which refuses the keys of wg-quick(8). `wg-quick`
 * is wg-quick(8), which removes its own keys and passes the rest to wg(8).
 */
export type ConfDialect = 'wg' | 'wg-quick'

/** The keys of wg-quick(8), in the order of its manual page. */
export const QUICK_KEYS: readonly QuickKey[] = [
  'Address',
  'DNS',
  'MTU',
  'Table',
  'PreUp',
  'PostUp',
  'PreDown',
  'PostDown',
  'SaveConfig',
]

const peerFieldKeys: readonly PeerKey[] = confKeys(PEER_FIELDS)
/** The keys of `[Peer]`, in the order of `wg showconf`. */
export const PEER_KEYS = ['PublicKey', ...peerFieldKeys.toSpliced(1, 0, 'AllowedIPs')] as const

const wgInterfaceKeys = byFoldedName(confKeys(DEVICE_FIELDS))
const quickKeys = byFoldedName(QUICK_KEYS)
const peerKeys = byFoldedName(PEER_KEYS)

/** Returns the key of wg(8) in `[Interface]` that has this name, in upper or lower case. */
export function wgInterfaceKey(name: string): WgInterfaceKey | undefined {
  return wgInterfaceKeys.get(foldCase(name))
}

/** Returns the key of wg-quick(8) that has this name, in upper or lower case. */
export function quickKey(name: string): QuickKey | undefined {
  return quickKeys.get(foldCase(name))
}

/** Returns the key of wg(8) in `[Peer]` that has this name, in upper or lower case. */
export function peerKey(name: string): PeerKey | undefined {
  return peerKeys.get(foldCase(name))
}

/** Returns whether the value of a key is a shell command, in which `#` does not start a comment. */
export function isHook(name: string): boolean {
  return /^(?:pre|post)(?:up|down)$/i.test(name)
}

function confKeys<Key extends string>(
  fields: Readonly<Record<string, { readonly confKey: Key }>>,
): Key[] {
  return Object.values(fields).map(({ confKey }) => confKey)
}

function byFoldedName<Name extends string>(names: readonly Name[]): ReadonlyMap<string, Name> {
  return new Map(names.map((name) => [foldCase(name), name]))
}
