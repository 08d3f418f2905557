import type { Device } from 'wireguardcfg'
import { checkDeviceConfig, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { LinkState, Route } from 'wireguardnl'
import type { Network } from '../../network.js'
import { withAddresses } from '../../resolve/config.js'
import type { Addresses } from '../../resolve/names.js'
import { diffDeviceFields, diffPeers, type Endpoints } from '../../sync/diff.js'
import { lastWritten } from '../../sync/sync.js'
import { writtenEndpoints } from '../call.js'
import { DnsStack } from '../dns/dns-stack.js'
import type { CheckedUpOptions } from '../check-options.js'
import type { Marking } from '../plan/draft.js'
import type { PlannedTunnel } from '../plan/planned-tunnel.js'
import { MAIN } from '../plan/step.js'
import type { StateFolder } from '../state/state-folder.js'
import type { TunnelState } from '../state/state.js'
import { Sysctl } from '../sysctl.js'
import type { CurrentTunnel } from './changes.js'

/** What is needed to read what a tunnel has. */
export interface CurrentRequest {
  readonly network: Network
  readonly folder: StateFolder
  readonly options: CheckedUpOptions
  readonly planned: PlannedTunnel
  readonly state: TunnelState
  readonly marking: Marking | undefined
  /** The addresses of the names of the file. */
  readonly addresses: Addresses
  readonly device: Device
}

/** Reads what a tunnel has now, as far as it concerns a plan. */
export async function readCurrent(request: CurrentRequest): Promise<CurrentTunnel> {
  const { network, options, planned, state, marking } = request
  const { name, limits, routeProtocol } = options
  const links = await network.links()
  const link: LinkState = await links.link(name, limits)
  const routes = await routesOf(request)
  const sysctl = new Sysctl(await network.within())
  return {
    state,
    marking,
    isLinkUp: link.up,
    mtu: link.mtu,
    addresses: await links.addresses(name, limits),
    routes,
    ownRoutes: routes.filter((one) => one.device === name && one.protocol === routeProtocol),
    rules: planned.table === undefined ? [] : await (await network.routes()).rules({}, limits),
    difference: await difference(request),
    firewallMark: request.device.firewallMark,
    hasNameServers: await hasNameServers(request),
    promotesSecondaries: ['all', name.replaceAll('.', '/')].some(
      (one) => sysctl.read(`net.ipv4.conf.${one}.promote_secondaries`) === '1',
    ),
  }
}

async function routesOf({ network, options, planned }: CurrentRequest): Promise<Route[]> {
  const { name, limits } = options
  const routes = await network.routes()
  const own = await routes.routes({ device: name }, limits)
  const tables = new Set(
    planned.steps.flatMap((step) => (step.type === 'add-route' ? (step.route.table ?? MAIN) : [])),
  )
  const others: Route[] = []
  for (const table of tables) {
    const found = await routes.routes({ table }, limits)
    others.push(...found.filter(({ device }) => device !== name))
  }
  return [...own, ...others]
}

/** Returns what the device has to be told, without its mark. */
async function difference({
  planned,
  state,
  addresses,
  device,
}: CurrentRequest): Promise<CheckedDeviceConfig | undefined> {
  const step = planned.steps.find(({ type }) => type === 'configure-device')
  if (step?.type !== 'configure-device') return undefined
  const wanted = await checkDeviceConfig({ ...step.config, firewallMark: undefined })
  const written = writtenEndpoints(state)
  const endpoints: Endpoints =
    written === undefined
      ? 'keep-roamed'
      : lastWritten(await checkDeviceConfig(withAddresses(written, addresses)))
  const { changes } = diffPeers(device, wanted, endpoints)
  const fields = diffDeviceFields(device, wanted)
  return { ...fields, ...(changes.length === 0 ? {} : { peers: changes }) }
}

async function hasNameServers({ folder, options, planned }: CurrentRequest): Promise<boolean> {
  const step = planned.steps.find(({ type }) => type === 'set-dns')
  if (step?.type !== 'set-dns') return false
  return await new DnsStack(step.path).has(`${folder.namespace}/${options.name}`, step.text)
}
