import {
  canonicalAllowedIP,
  type DeviceConfig,
  isWireGuardError,
  WireGuardError,
} from 'wireguardcfg'
import { invalid } from 'wireguardcfg/internal'
import type { Route, RouteInit, RuleInit } from 'wireguardnl'
import type { Network } from '../../network.js'
import { leadsNowhere, ownerOf, resolvConfText } from '../dns/resolv-conf.js'
import { type CheckedUpOptions, RESOLV_CONF } from '../options.js'
import type { TunnelSettings } from '../settings.js'
import type { Made, TunnelState } from '../state/state.js'
import { Sysctl, VALID_MARK } from '../sysctl.js'
import { readTable } from '../tables.js'
import { type Intent, intentOf } from './intent.js'
import { tunnelMtu } from './mtu.js'
import type { PlannedTunnel } from './planned-tunnel.js'
import { choosePreference } from './preferences.js'
import { EVERYTHING, type Family, familyOf, isWithin, lengthOf } from './prefixes.js'
import { MAIN, type UpStep } from './step.js'
import { System } from './system.js'

/** What a plan is made from. */
export interface PlanRequest {
  readonly network: Network
  readonly options: CheckedUpOptions
  readonly settings: TunnelSettings
  /** The configuration of the file, with addresses in the place of names. */
  readonly config: DeviceConfig
  /** The states of the other tunnels of the namespace. */
  readonly others: readonly TunnelState[]
  /** The state of a tunnel of this name that is gone, whose leftovers do not count. */
  readonly former: TunnelState | undefined
}

/** Makes the plan of a tunnel. It only reads. */
export async function planTunnel(request: PlanRequest): Promise<PlannedTunnel> {
  return await new Planning(request).run()
}

/** The metric that the kernel gives an IPv6 route that has none. */
const IPV6_METRIC = 1024
/** A route with it is the last to be used. */
const LAST_METRIC = 0xffff_ffff
const LEAST_FOR_IPV6 = 1280
/** Each is a lookup in the kernel. A server with more peers has them all behind one route. */
const MOST_ENDPOINTS = 256

/** One call of `plan` or `up`: looks at the machine and decides. */
class Planning {
  readonly #request: PlanRequest
  readonly #steps: UpStep[] = []
  readonly #warnings: string[] = []
  readonly #extra: Made[] = []

  constructor(request: PlanRequest) {
    this.#request = request
  }

  async run(): Promise<PlannedTunnel> {
    const { network, options, settings, config } = this.#request
    const { name, limits } = options
    this.#checkHooks()
    const sysctl = new Sysctl(await network.within())
    const intent = this.#intent(sysctl)
    this.#checkRepeated()
    const system = await System.open(network, limits)
    const rules = await this.#rules(system)
    const { mark, table, hasOwnMark } = await this.#chooseTable(system, rules, intent)
    const mtu = await this.#chooseMtu(system, intent, mark)

    this.#steps.push({ type: 'create-interface' })
    this.#addHooks('PreUp', settings.hooks.preUp)
    const firewallMark = mark === 0 ? config.firewallMark : mark
    const marked = firewallMark === undefined ? config : { ...config, firewallMark }
    this.#steps.push({ type: 'configure-device', config: marked })
    for (const address of intent.addresses) this.#steps.push({ type: 'add-address', address })
    this.#steps.push({ type: 'set-link', mtu })
    await this.#addRoutes(system, intent, mark)
    if (table !== undefined) {
      const preference = this.#choosePreference(rules)
      this.#addDefaultRoutes(intent, table)
      await this.#addFirewall(intent, mark, sysctl)
      this.#addRules(intent, mark, table, preference)
      await this.#warnOfOtherTraffic(system, intent, sysctl)
    } else if (options.killSwitch) {
      this.#warnings.push('killSwitch has no effect: no default route leads into the tunnel')
    }
    this.#addDns()
    this.#addHooks('PostUp', settings.hooks.postUp)

    const made = this.#steps.flatMap((step) => madeBy(step, name) ?? [])
    return {
      name,
      steps: this.#steps,
      warnings: this.#warnings,
      mtu,
      full: intent.full,
      table,
      firewallMark: firewallMark ?? 0,
      hasOwnMark,
      made: [...this.#extra, ...made],
    }
  }

  #checkHooks(): void {
    const { options, settings } = this.#request
    const { preUp, postUp, preDown, postDown } = settings.hooks
    const count = [preUp, postUp, preDown, postDown].flat().length
    if (count === 0 || options.hooks !== 'refuse') return
    throw new WireGuardError(`the file has ${count === 1 ? 'a command' : 'commands'} to run`, {
      code: 'EPERM',
      path: 'hooks',
      hint: "Read them, as they run as root, and then pass hooks: 'run' or 'skip'",
    })
  }

  #addHooks(when: 'PreUp' | 'PostUp', scripts: readonly string[]): void {
    if (this.#request.options.hooks !== 'run') return
    for (const script of scripts) this.#steps.push({ type: 'run-hook', when, script })
  }

  #intent(sysctl: Sysctl): Intent {
    const { options, settings, config } = this.#request
    const table = readTable(options.table ?? settings.table ?? 'auto')
    const whole = intentOf(settings, config, table, false)
    const wanted = [...whole.addresses, ...whole.networks, ...whole.marked]
    const hasIPv6 = wanted.some((address) => familyOf(address) === 6)
    if (!hasIPv6 || (options.ipv6 !== 'skip' && sysctl.hasIPv6())) return whole
    if (options.ipv6 === 'require') {
      throw new WireGuardError('IPv6 is disabled', {
        code: 'EAFNOSUPPORT',
        path: 'ipv6',
        hint: 'Enable it (sysctl net.ipv6.conf.all.disable_ipv6=0), or leave its addresses out',
      })
    }
    if (options.ipv6 === 'auto') {
      this.#warnings.push(
        'IPv6 is disabled, so the IPv6 addresses and routes of the file are left out',
      )
    }
    return intentOf(settings, config, table, true)
  }

  #checkRepeated(): void {
    for (const address of this.#request.settings.repeated) {
      this.#warnings.push(`the file has the address ${address} twice; once is enough`)
    }
  }

  /** The rules of the machine, without those of a tunnel of this name that is gone. */
  async #rules(system: System) {
    const rules = await system.rules()
    const former = this.#request.former?.made ?? []
    const priorities = new Set(
      former.map((made) => (made.type === 'rule' ? made.rule.priority : undefined)),
    )
    return rules.filter(({ priority }) => !priorities.has(priority))
  }

  async #chooseTable(
    system: System,
    rules: Awaited<ReturnType<System['rules']>>,
    { full }: Intent,
  ): Promise<{ mark: number; table: number | undefined; hasOwnMark: boolean }> {
    const given = this.#request.config.firewallMark ?? 0
    if (full.length === 0) return { mark: given, table: undefined, hasOwnMark: false }
    const reserved = new Set<number>()
    for (const { rule } of this.#rulesOfOthers()) {
      reserved.add(rule.table).add(rule.firewallMark ?? 0)
    }
    const table = await system.freeTable(rules, reserved, given)
    if (given === 0) return { mark: table, table, hasOwnMark: true }
    if (table !== given) {
      this.#warnings.push(`the table ${given} of FwMark is in use, so the table is ${table}`)
    }
    return { mark: given, table, hasOwnMark: false }
  }

  #rulesOfOthers() {
    return this.#request.others.flatMap(({ made }) => made.filter((one) => one.type === 'rule'))
  }

  #choosePreference(rules: Awaited<ReturnType<System['rules']>>): number {
    const suppressing = this.#rulesOfOthers().filter(
      ({ rule }) => rule.suppressPrefixLength !== undefined,
    )
    const reserved = suppressing.map(({ rule }) => rule.priority ?? 0)
    return choosePreference(rules, reserved, this.#request.options.rulePreference)
  }

  async #chooseMtu(system: System, intent: Intent, mark: number): Promise<number> {
    const { options, settings } = this.#request
    const hasIPv6 = [...intent.addresses, ...intent.networks, ...intent.marked].some(
      (address) => familyOf(address) === 6,
    )
    const given = options.mtu === 'auto' ? undefined : (options.mtu ?? settings.mtu)
    if (given !== undefined) {
      if (!hasIPv6 || given >= LEAST_FOR_IPV6) return given
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
    return tunnelMtu(other === undefined ? paths : [other], hasIPv6)
  }

  /** The routes to single networks, and those that keep the encrypted packets out of them. */
  async #addRoutes(system: System, intent: Intent, mark: number): Promise<void> {
    const { options } = this.#request
    const { name, metric, routeProtocol: protocol } = options
    const table = intent.table === 'auto' || intent.table === 'off' ? MAIN : intent.table
    for (const host of intent.looping) await this.#addHostRoute(system, host, mark)
    if (intent.networks.length === 0) return
    const there = new Map<string, Route[]>()
    for (const route of await system.table(table)) {
      const known = there.get(route.destination)
      if (known === undefined) there.set(route.destination, [route])
      else known.push(route)
    }
    const connected = table === MAIN ? connectedNetworks(intent.addresses) : []
    for (const destination of intent.networks) {
      if (connected.some((network) => isWithin(destination, network))) continue
      this.#checkConflict(destination, there.get(destination) ?? [])
      const route: RouteInit = { destination, device: name, table, metric, protocol }
      this.#steps.push({ type: 'add-route', route })
    }
  }

  #checkConflict(destination: string, there: readonly Route[]): void {
    const own = this.#request.options.metric
    const metric = familyOf(destination) === 4 ? (own ?? 0) : own || IPV6_METRIC
    for (const route of there) {
      const by = route.device ?? route.type
      if (route.metric === metric) {
        throw new WireGuardError(`there is a route to ${destination} already, by ${by}`, {
          code: 'EEXIST',
          detail: `table ${route.table}, metric ${metric}`,
          hint: 'Give the routes of the tunnel another metric, or take this network out of AllowedIPs',
        })
      }
      if (route.metric < metric) {
        this.#warnings.push(
          `packets to ${destination} keep going by ${by}, whose route has a lower metric`,
        )
      }
    }
  }

  async #addHostRoute(system: System, host: string, mark: number): Promise<void> {
    const { routeProtocol: protocol } = this.#request.options
    const path = await system.lookUp(host, mark)
    if (path?.device === undefined) {
      this.#warnings.push(
        `the endpoint ${host} is inside AllowedIPs and has no route, so its packets would go into the tunnel`,
      )
      return
    }
    const destination = `${host}/${familyOf(host) === 4 ? 32 : 128}`
    const there = await system.table(MAIN)
    if (there.some((route) => route.destination === destination)) return
    const { gateway, device } = path
    const metric = this.#request.options.metric
    const route: RouteInit = { destination, gateway, device, table: MAIN, metric, protocol }
    this.#steps.push({ type: 'add-route', route: { ...route, type: 'unicast' } })
    this.#warnings.push(
      `the endpoint ${host} is inside AllowedIPs, so it gets a route of its own by ${device}`,
    )
  }

  #addDefaultRoutes({ full, marked }: Intent, table: number): void {
    const { name, metric, killSwitch, routeProtocol: protocol } = this.#request.options
    for (const family of killSwitch ? full : []) {
      const destination = EVERYTHING[family]
      const route: RouteInit = { destination, type: 'unreachable', table, metric: LAST_METRIC }
      this.#steps.push({ type: 'add-route', route: { ...route, protocol } })
    }
    for (const destination of marked) {
      const route: RouteInit = { destination, device: name, table, metric, protocol }
      this.#steps.push({ type: 'add-route', route })
    }
  }

  async #addFirewall({ full, addresses }: Intent, mark: number, sysctl: Sysctl): Promise<void> {
    const { name, firewall } = this.#request.options
    if (firewall === 'off') return
    const isNeeded = full.includes(4) && sysctl.checksSource()
    const tables = await this.#firewallTables()
    if (tables === undefined) {
      if (firewall === 'require' || isNeeded) throw noFirewall(isNeeded)
      this.#warnings.push(
        'the kernel has no nf_tables, so packets to the addresses of the tunnel that come in elsewhere are not dropped',
      )
      return
    }
    const isOurs = this.#request.former?.made.some(({ type }) => type === 'firewall') === true
    if (!isOurs && tables.some((table) => table.name === `wg-quick-${name}`)) {
      this.#warnings.push(`the tables wg-quick-${name} that an earlier tunnel left are replaced`)
    }
    const tunnel = {
      device: name,
      addresses: addresses.map((address) => address.slice(0, address.indexOf('/'))),
      firewallMark: mark,
      families: full,
    }
    const text = await this.#request.network.formatTunnelFirewall(tunnel)
    this.#steps.push({ type: 'set-firewall', tunnel, text })
    if (isNeeded) this.#addValidMark(sysctl)
  }

  async #firewallTables() {
    const { network, options } = this.#request
    try {
      return await (await network.firewall()).tables(options.limits)
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      if (error.code === 'EPROTONOSUPPORT') return undefined
      // Whoever may not look at the firewall can still make a plan.
      if (error.code === 'EPERM') return []
      throw error
    }
  }

  /** The kernel checks where packets come from. The answers of the endpoint need their mark. */
  #addValidMark(sysctl: Sysctl): void {
    if (sysctl.read(VALID_MARK) === '1') {
      const before = this.#request.others
        .flatMap(({ made }) => made)
        .find((one) => one.type === 'valid-mark')
      if (before !== undefined) this.#extra.push(before)
      return
    }
    if (!sysctl.canWrite(VALID_MARK)) {
      throw new WireGuardError(`${VALID_MARK} is 0 and cannot be changed`, {
        code: 'EROFS',
        detail: 'rp_filter is 1, so that the kernel would drop the answers of the endpoint',
        hint: `Start the container with --sysctl ${VALID_MARK}=1, or set rp_filter to 2`,
      })
    }
    this.#steps.push({ type: 'set-sysctl', key: VALID_MARK, value: '1' })
  }

  #addRules({ full }: Intent, mark: number, table: number, preference: number): void {
    const { ruleProtocol: protocol } = this.#request.options
    const add = (rule: RuleInit) => this.#steps.push({ type: 'add-rule', rule })
    for (const family of full) {
      add({ family, table: MAIN, priority: preference, suppressPrefixLength: 0, protocol })
    }
    const rule = { invert: true, firewallMark: mark, table, priority: preference + 1, protocol }
    for (const family of full) add({ family, ...rule })
  }

  async #warnOfOtherTraffic(system: System, { full }: Intent, sysctl: Sysctl): Promise<void> {
    const { others } = this.#request
    const [only] = full
    if (full.length === 1 && only !== undefined) {
      const other: Family = only === 4 ? 6 : 4
      const isThere = other === 4 || sysctl.hasIPv6()
      if (isThere && (await system.hasInternet(other))) {
        this.#warnings.push(
          `only IPv${only} has a default route into the tunnel: IPv${other} traffic goes beside it`,
        )
      }
    }
    const rivals = others.filter((other) => other.full.some((family) => full.includes(family)))
    for (const { name } of rivals) {
      this.#warnings.push(
        `the tunnel ${name} has a default route too: the packets of each go through the other, unless their endpoints have routes of their own`,
      )
    }
    if (isNetworkdRunning()) {
      this.#warnings.push(
        'systemd-networkd deletes the rules of other programs when it starts, unless networkd.conf has ManageForeignRoutingPolicyRules=no',
      )
    }
  }

  #addDns(): void {
    const { network, options, settings } = this.#request
    const { dns, name, resolvConf } = options
    const { servers, search } = settings.dns
    if (dns === 'off') return
    if (servers.length === 0) {
      if (search.length > 0) {
        this.#warnings.push('DNS has search domains but no name server, and has no effect')
      }
      return
    }
    if (network.reference !== undefined && resolvConf === undefined) {
      throw new WireGuardError('name servers belong to no network namespace', {
        code: 'EOPNOTSUPP',
        path: 'dns',
        hint: "Pass dns: 'off', or name the file: resolvConf: '/etc/netns/NAME/resolv.conf'",
      })
    }
    const path = resolvConf ?? RESOLV_CONF
    if (leadsNowhere(path)) throw invalid(`${path} is a link that leads nowhere`, { path: 'dns' })
    const owner = ownerOf(path)
    if (owner !== undefined && (dns === 'file' || !owner.isCertain)) {
      this.#warnings.push(`${owner.name} may change ${path} again, which the tunnel edits`)
    } else if (owner !== undefined) {
      throw new WireGuardError(`${owner.name} manages ${path}`, {
        code: 'EBUSY',
        path: 'dns',
        hint: `Pass dns: 'off' and tell ${owner.name} the name servers, or dns: 'file' to edit the file nevertheless`,
      })
    }
    this.#steps.push({ type: 'set-dns', path, text: resolvConfText({ servers, search }, name) })
  }
}

/** Returns what a step makes that does not end with the interface. */
export function madeBy(step: UpStep, name: string): Made | undefined {
  switch (step.type) {
    case 'add-route':
      return step.route.device === name ? undefined : { type: 'route', route: step.route }
    case 'add-rule':
      return { type: 'rule', rule: step.rule }
    case 'set-firewall':
      return { type: 'firewall' }
    case 'set-sysctl':
      return { type: 'valid-mark', before: '0' }
    case 'set-dns':
      return { type: 'dns', path: step.path }
    default:
      return undefined
  }
}

/** The networks to which the kernel itself adds routes, for the addresses of the interface. */
function connectedNetworks(addresses: readonly string[]): string[] {
  return addresses
    .filter((address) => familyOf(address) === 6 || lengthOf(address) < 32)
    .map((address) => canonicalAllowedIP(address))
}

function isNetworkdRunning(): boolean {
  return process.getBuiltinModule('node:fs').existsSync('/run/systemd/netif/state')
}

function noFirewall(isNeeded: boolean): WireGuardError {
  return new WireGuardError('the kernel has no nf_tables', {
    code: 'EPROTONOSUPPORT',
    path: 'firewall',
    detail: isNeeded
      ? 'rp_filter is 1, so that the kernel would drop the answers of the endpoint'
      : undefined,
    hint: isNeeded
      ? 'Load the modules nf_tables and nft_ct, or set net.ipv4.conf.all.rp_filter to 2'
      : 'Load the modules nf_tables and nft_ct',
  })
}
