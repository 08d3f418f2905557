import { WireGuardError } from 'wireguardcfg'
import { invalid } from 'wireguardcfg/internal'
import type { Rule } from 'wireguardnl'
import { allCommands } from '../settings.js'
import { Sysctl } from '../sysctl.js'
import { readTable } from '../tables.js'
import { Draft, type Marking, type PlanRequest } from './draft.js'
import { addFirewall } from './firewall.js'
import { type Intent, intentOf } from './intent.js'
import { tunnelMtu } from './mtu.js'
import { addMasquerade } from './masquerade.js'
import { addNameServers } from './name-servers.js'
import type { PlannedTunnel } from './planned-tunnel.js'
import { choosePreference } from './preferences.js'
import { type Family, familyOf } from './prefixes.js'
import { addDefaultRoutes, addRoutes, addRules } from './routes.js'
import { System } from './system.js'

/** Makes the plan of a tunnel. It only reads. */
export async function planTunnel(request: PlanRequest): Promise<PlannedTunnel> {
  const { network, options, settings, config } = request
  const { name, limits } = options
  const draft = new Draft(request)
  checkHooks(request)
  const sysctl = new Sysctl(await network.within())
  const intent = intentHere(draft, sysctl)
  for (const address of settings.repeated) {
    draft.warn(`the file has the address ${address} twice; once is enough`)
  }
  const system = await System.open(network, limits)
  const rules = intent.full.length === 0 ? [] : await rulesOfOthers(request, system)
  const current = request.marking
  const { mark, table, hasOwnMark } = await chooseTable(draft, system, rules, intent)
  // While the tunnel is up, the packets with its mark are those that go beside it.
  const plainMark = current?.mark ?? mark
  const mtu = await chooseMtu(request, system, intent, plainMark)

  draft.add({ type: 'create-interface' })
  addHooks(draft, 'PreUp', settings.hooks.preUp)
  const firewallMark = mark === 0 ? config.firewallMark : mark
  const marked = firewallMark === undefined ? config : { ...config, firewallMark }
  draft.add({ type: 'configure-device', config: marked })
  for (const address of intent.addresses) draft.add({ type: 'add-address', address })
  draft.add({ type: 'set-link', mtu })
  await addRoutes(draft, system, intent, plainMark)
  if (table !== undefined) {
    const preference = await choosePreferenceHere(request, rules, { mark, table }, system)
    addDefaultRoutes(draft, intent, table)
    await addFirewall(draft, intent, mark, sysctl)
    addRules(draft, intent, { mark, table, preference })
    await warnOfOtherTraffic(draft, system, intent, sysctl, current?.mark ?? 0)
  } else if (options.killSwitch) {
    draft.warn('killSwitch has no effect: no default route leads into the tunnel')
  }
  await addMasquerade(draft, system, intent, sysctl)
  await addNameServers(draft)
  addHooks(draft, 'PostUp', settings.hooks.postUp)
  const { steps, warnings, made } = draft
  const { full } = intent
  return {
    name,
    steps,
    warnings,
    made,
    mtu,
    full,
    table,
    firewallMark: firewallMark ?? 0,
    hasOwnMark,
  }
}

const LEAST_FOR_IPV6 = 1280
/** Each is a lookup in the kernel. A server with more peers has them all behind one route. */
const MOST_ENDPOINTS = 256

function checkHooks({ options, settings }: PlanRequest): void {
  const count = allCommands(settings.hooks).length
  if (count === 0 || options.hooks !== 'refuse') return
  throw new WireGuardError(`the file has ${count === 1 ? 'a command' : 'commands'} to run`, {
    code: 'EPERM',
    path: 'hooks',
    hint: "Read them, as they run as root, and then pass hooks: 'run' or 'skip'",
  })
}

function addHooks(draft: Draft, when: 'PreUp' | 'PostUp', scripts: readonly string[]): void {
  if (draft.request.options.hooks !== 'run') return
  for (const script of scripts) draft.add({ type: 'run-hook', when, script })
}

/** Returns what the file asks for, as far as this machine has IPv6. */
function intentHere(draft: Draft, sysctl: Sysctl): Intent {
  const { options, settings, config } = draft.request
  const table = readTable(options.table ?? settings.table ?? 'auto')
  const whole = intentOf(settings, config, table, false)
  if (!hasIPv6(whole) || (options.ipv6 !== 'skip' && sysctl.hasIPv6())) return whole
  if (options.ipv6 === 'require') {
    throw new WireGuardError('IPv6 is disabled', {
      code: 'EAFNOSUPPORT',
      path: 'ipv6',
      hint: 'Enable it (sysctl net.ipv6.conf.all.disable_ipv6=0), or leave its addresses out',
    })
  }
  if (options.ipv6 === 'auto') {
    draft.warn('IPv6 is disabled, so the IPv6 addresses and routes of the file are left out')
  }
  return intentOf(settings, config, table, true)
}

function hasIPv6({ addresses, networks, marked }: Intent): boolean {
  return [...addresses, ...networks, ...marked].some((address) => familyOf(address) === 6)
}

/** The rules of the machine, without those of the tunnel of this name. */
async function rulesOfOthers({ former }: PlanRequest, system: System): Promise<Rule[]> {
  const own = former?.made ?? []
  const priorities = new Set(
    own.map((made) => (made.type === 'rule' ? made.rule.priority : undefined)),
  )
  return (await system.rules()).filter(({ priority }) => !priorities.has(priority))
}

/** The rules of the other tunnels, also of those that are coming up. */
function reservedRules({ others }: PlanRequest) {
  return others.flatMap(({ made }) => made.flatMap((one) => (one.type === 'rule' ? one.rule : [])))
}

async function chooseTable(
  draft: Draft,
  system: System,
  rules: readonly Rule[],
  { full }: Intent,
): Promise<{ mark: number; table: number | undefined; hasOwnMark: boolean }> {
  const given = draft.request.config.firewallMark ?? 0
  if (full.length === 0) return { mark: given, table: undefined, hasOwnMark: false }
  const current = draft.request.marking
  if (current !== undefined && (given === 0 || given === current.mark)) {
    return { mark: current.mark, table: current.table, hasOwnMark: given === 0 }
  }
  const reserved = new Set<number>()
  for (const rule of reservedRules(draft.request)) {
    reserved.add(rule.table).add(rule.firewallMark ?? 0)
  }
  const table = await system.freeTable(rules, reserved, given)
  if (given === 0) return { mark: table, table, hasOwnMark: true }
  if (table !== given) {
    draft.warn(`the table ${given} of FwMark is in use, so the table is ${table}`)
  }
  return { mark: given, table, hasOwnMark: false }
}

async function choosePreferenceHere(
  request: PlanRequest,
  others: readonly Rule[],
  { mark, table }: Omit<Marking, 'preference'>,
  system: System,
): Promise<number> {
  const { rulePreference: wanted } = request.options
  const current = request.marking
  const isSame = current?.mark === mark && current.table === table
  if (isSame && (wanted ?? current.preference) === current.preference) return current.preference
  const reserved = reservedRules(request).flatMap(({ suppressPrefixLength, priority }) =>
    suppressPrefixLength === undefined ? [] : (priority ?? []),
  )
  // For a time, the tunnel has the rules that it has now as well.
  const rules = current === undefined ? others : await system.rules()
  return choosePreference(rules, reserved, wanted)
}

async function chooseMtu(
  { options, settings }: PlanRequest,
  system: System,
  intent: Intent,
  mark: number,
): Promise<number> {
  const given = options.mtu === 'auto' ? undefined : (options.mtu ?? settings.mtu)
  if (given !== undefined) {
    if (!hasIPv6(intent) || given >= LEAST_FOR_IPV6) return given
    const expected = `expected at least ${LEAST_FOR_IPV6} bytes: below, the kernel has no IPv6`
    throw invalid(expected, { path: 'mtu', detail: `${given}` })
  }
  const paths: number[] = []
  for (const endpoint of intent.endpoints.slice(0, MOST_ENDPOINTS)) {
    const route = await system.lookUp(endpoint, mark)
    const mtu = route && (await system.mtuOf(route))
    if (mtu !== undefined) paths.push(mtu)
  }
  const other = paths.length === 0 ? await system.defaultMtu() : undefined
  return tunnelMtu(other === undefined ? paths : [other], hasIPv6(intent))
}

async function warnOfOtherTraffic(
  draft: Draft,
  system: System,
  { full }: Intent,
  sysctl: Sysctl,
  plainMark: number,
): Promise<void> {
  const [only] = full
  if (full.length === 1 && only !== undefined) {
    const other: Family = only === 4 ? 6 : 4
    const isThere = other === 4 || sysctl.hasIPv6()
    if (isThere && (await system.hasInternet(other, plainMark))) {
      draft.warn(
        `only IPv${only} has a default route into the tunnel: IPv${other} traffic goes beside it`,
      )
    }
  }
  const rivals = draft.request.others.filter((other) =>
    other.full.some((family) => full.includes(family)),
  )
  for (const { name } of rivals) {
    draft.warn(
      `the tunnel ${name} has a default route too: the packets of each go through the other, unless their endpoints have routes of their own`,
    )
  }
  if (isNetworkdRunning()) {
    draft.warn(
      'systemd-networkd deletes the rules of other programs when it starts, unless networkd.conf has ManageForeignRoutingPolicyRules=no',
    )
  }
}

function isNetworkdRunning(): boolean {
  return process.getBuiltinModule('node:fs').existsSync('/run/systemd/netif/state')
}
