import type { DeviceConfig } from 'wireguardcfg'
import type { TunnelSettings } from '../settings.js'
import {
  coverEverything,
  EVERYTHING,
  FAMILIES,
  type Family,
  familyOf,
  networksAround,
  sortedNetworks,
} from './prefixes.js'

/** Where the routes of a tunnel go: `auto`, nowhere, or into one table. */
export type TableChoice = 'auto' | 'off' | number

/** What a file asks for, before anything is known of the machine. */
export interface Intent {
  readonly addresses: readonly string[]
  /** The routes into the main table, or into the table that was chosen. */
  readonly networks: readonly string[]
  /** The routes into the table of the tunnel: the default routes, and what loops without a mark. */
  readonly marked: readonly string[]
  /** The families whose internet traffic goes through the tunnel by rules. */
  readonly full: readonly Family[]
  /** The endpoints inside the networks, which need routes of their own. */
  readonly looping: readonly string[]
  /** All endpoints, without zones. */
  readonly endpoints: readonly string[]
  readonly table: TableChoice
}

/**
 * Sorts out which traffic goes where. In a family with a default route, or with networks that are
 * together the same and would take the encrypted packets too, a table and two rules are used, as in
 * wg-quick(8).
 *
 * @param withoutIPv6 whether IPv6 is left out
 */
export function intentOf(
  settings: TunnelSettings,
  config: DeviceConfig,
  table: TableChoice,
  withoutIPv6: boolean,
): Intent {
  const isWanted = (address: string) => !withoutIPv6 || familyOf(address) === 4
  const { peers = [] } = config
  const networks = sortedNetworks(peers.flatMap(({ allowedIPs = [] }) => [...allowedIPs])).filter(
    (network) => isWanted(network),
  )
  const endpoints = [...new Set(peers.flatMap(({ endpoint }) => hostOf(endpoint)))]
  const addresses = settings.addresses.filter((address) => isWanted(address))
  if (table !== 'auto') {
    const routes = table === 'off' ? [] : networks
    const nothing = { marked: [], full: [], looping: [] }
    return { addresses, networks: routes, endpoints, table, ...nothing }
  }
  const around = new Map(endpoints.map((host) => [host, networksAround(host, networks)]))
  const inside = endpoints.filter((host) => around.get(host)!.length > 0)
  const full = FAMILIES.filter(
    (family) =>
      networks.includes(EVERYTHING[family]) ||
      (coverEverything(networks, family) && inside.some((host) => familyOf(host) === family)),
  )
  const isHalf = (network: string) =>
    full.includes(familyOf(network)) && !networks.includes(EVERYTHING[familyOf(network)])
  const loops = new Set(inside.flatMap((host) => around.get(host)!))
  const isMarked = (network: string) =>
    network === EVERYTHING[familyOf(network)] ||
    isHalf(network) ||
    (full.includes(familyOf(network)) && loops.has(network))
  return {
    addresses,
    networks: networks.filter((network) => !isMarked(network)),
    marked: networks.filter((network) => isMarked(network)),
    full,
    looping: inside.filter((host) => !full.includes(familyOf(host))),
    endpoints,
    table,
  }
}

function hostOf(endpoint: unknown): string[] {
  const host =
    typeof endpoint === 'object' && endpoint !== null && 'host' in endpoint ? endpoint.host : ''
  if (typeof host !== 'string' || host === '') return []
  const zone = host.indexOf('%')
  return [zone < 0 ? host : host.slice(0, zone)]
}
