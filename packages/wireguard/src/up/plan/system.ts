import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import type { NetlinkRoutes, Route, Rule } from 'wireguardnl'
import type { Network } from '../../network.js'
import { MAIN } from './step.js'
import { EVERYTHING, type Family } from './prefixes.js'

// The last one: the kernel has no IPv6.
const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EACCES',
  'EOPNOTSUPP',
])
/** Where tables are looked for that are free, as in wg-quick(8). */
const FIRST_TABLE = 51_820
/** local, main, default and none. */
const RESERVED_TABLES: ReadonlySet<number> = new Set([0, 253, 254, 255])
/** An address on the internet of each family: outside all special networks. */
const INTERNET: Readonly<Record<Family, string>> = { 4: '1.0.0.1', 6: '2000::1' }

/** What the routes and rules of the machine are, as far as a plan needs it. */
export class System {
  readonly #network: Network
  readonly #routes: NetlinkRoutes
  readonly #limits: CallOptions
  readonly #mtus = new Map<string, number>()
  readonly #tables = new Map<number, Promise<Route[]>>()

  private constructor(network: Network, routes: NetlinkRoutes, limits: CallOptions) {
    this.#network = network
    this.#routes = routes
    this.#limits = limits
  }

  static async open(network: Network, limits: CallOptions): Promise<System> {
    return new System(network, await network.routes(), limits)
  }

  async rules(): Promise<Rule[]> {
    return await this.#routes.rules({}, this.#limits)
  }

  /** Returns the routes of a table. */
  async table(table: number): Promise<Route[]> {
    const known = this.#tables.get(table)
    if (known !== undefined) return await known
    const read = this.#routes.routes({ table }, this.#limits)
    this.#tables.set(table, read)
    return await read
  }

  /**
   * Returns the first number that is neither a table with routes nor in a rule.
   *
   * @param reserved the tables and marks of tunnels that are coming up
   * @param wanted tried first
   */
  async freeTable(
    rules: readonly Rule[],
    reserved: ReadonlySet<number>,
    wanted: number,
  ): Promise<number> {
    const used = new Set(reserved)
    for (const { table, firewallMark } of rules) used.add(table).add(firewallMark)
    const isFree = async (table: number) =>
      !used.has(table) && !RESERVED_TABLES.has(table) && (await this.table(table)).length === 0
    if (await isFree(wanted)) return wanted
    let table = FIRST_TABLE
    while (!(await isFree(table))) table++
    return table
  }

  /** Returns the route of a packet with a mark to an address; undefined: there is none. */
  async lookUp(address: string, firewallMark: number): Promise<Route | undefined> {
    try {
      return await this.#routes.lookUp({ address, firewallMark }, this.#limits)
    } catch (error) {
      if (isWireGuardError(error) && UNREACHABLE.has(error.code)) return undefined
      throw error
    }
  }

  /** Whether packets to the internet with a mark have a route, in a family. */
  async hasInternet(family: Family, firewallMark: number): Promise<boolean> {
    return (await this.lookUp(INTERNET[family], firewallMark)) !== undefined
  }

  /** Returns the MTU of a route, in bytes; undefined: it tells none. */
  async mtuOf({ mtu, device }: Route): Promise<number | undefined> {
    if (mtu !== undefined || device === undefined) return mtu
    const known = this.#mtus.get(device)
    if (known !== undefined) return known
    const link = await this.#network.find(device, this.#limits)
    if (link !== undefined) this.#mtus.set(device, link.mtu)
    return link?.mtu
  }

  /** Returns the MTU of the default route, in bytes: that of IPv4 first, as in wg-quick(8). */
  async defaultMtu(): Promise<number | undefined> {
    const routes = await this.table(MAIN)
    for (const family of [4, 6] as const) {
      const route = routes.find(({ destination }) => destination === EVERYTHING[family])
      const mtu = route && (await this.mtuOf(route))
      if (mtu !== undefined) return mtu
    }
    return undefined
  }
}
