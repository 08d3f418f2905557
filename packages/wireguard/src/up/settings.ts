import type { NamedDeviceConfig, NamedPeerConfig } from 'wireguardcfg'
import {
  type Conf,
  configFromConf,
  type ConfDNS,
  type ConfInterface,
  interfaceSettings,
} from 'wireguardcfg/conf'
import { canonicalInterfaceAddress } from 'wireguardcfg/internal'

/** The commands of a file, in order. */
export interface HookCommands {
  readonly preUp: readonly string[]
  readonly postUp: readonly string[]
  readonly preDown: readonly string[]
  readonly postDown: readonly string[]
}

/** Returns all commands of a file. */
export function allCommands({ preUp, postUp, preDown, postDown }: HookCommands): string[] {
  return [preUp, postUp, preDown, postDown].flat()
}

/** What a file says about a tunnel. */
export interface TunnelSettings {
  /** What it adds to a new device. Without a private key, the device keeps that of a hook. */
  readonly config: NamedDeviceConfig & { readonly peers: readonly NamedPeerConfig[] }
  /** Canonical, each once. */
  readonly addresses: readonly string[]
  /** Those that are repeated. */
  readonly repeated: readonly string[]
  readonly dns: ConfDNS
  readonly mtu: number | undefined
  readonly table: string | undefined
  readonly hooks: HookCommands
  readonly saveConfig: boolean
}

/** Reads a file. @throws ConfError `EINVAL` for the first error in the file */
export function tunnelSettings(conf: Conf): TunnelSettings {
  const settings = interfaceSettings(conf)
  const { dns, mtu, table, preUp, postUp, preDown, postDown, saveConfig = false } = settings
  const given = settings.addresses.map(canonicalInterfaceAddress)
  const addresses = new Set<string>()
  const repeated = given.filter((address) => addresses.size === addresses.add(address).size)
  return {
    config: { ...ownConfig(settings), peers: configFromConf(conf).peers },
    addresses: [...addresses],
    repeated,
    dns,
    mtu,
    table,
    hooks: { preUp, postUp, preDown, postDown },
    saveConfig,
  }
}

function ownConfig({ privateKey, listenPort, firewallMark }: ConfInterface): NamedDeviceConfig {
  return {
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(listenPort === undefined ? {} : { listenPort }),
    ...(firewallMark === undefined ? {} : { firewallMark }),
  }
}
