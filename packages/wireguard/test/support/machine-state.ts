import { readFileSync } from 'node:fs'
import type { TestNamespace } from '../../../../test-fixtures/namespace.js'

/** What a tunnel may change in a network namespace, as ip(8) and nft(8) tell it. */
export interface MachineState {
  readonly links: unknown
  readonly addresses: unknown
  readonly routes: unknown
  readonly rules: unknown
  readonly firewall: unknown
  readonly sysctl: string
  readonly resolvConf: string
}

type Row = Record<string, unknown>

/** Reads the state. What time alone changes is left out: counters, and addresses of the kernel. */
export async function machineState(space: TestNamespace): Promise<MachineState> {
  const ip = async (...args: string[]): Promise<Row[]> =>
    JSON.parse((await space.run('ip', '-json', ...args)) || '[]') as Row[]
  const links = await ip('-details', 'link')
  const addresses = await ip('address')
  const routes = [
    ...(await ip('-4', 'route', 'show', 'table', 'all')),
    ...(await ip('-6', 'route', 'show', 'table', 'all')),
  ]
  const rules = [...(await ip('-4', 'rule')), ...(await ip('-6', 'rule'))]
  const ruleset = JSON.parse(await space.run('nft', '-j', 'list', 'ruleset')) as {
    readonly nftables: readonly Row[]
  }
  return {
    links: links.map(({ ifname, mtu, flags }) => ({ ifname, mtu, flags })),
    addresses: addresses.map(({ ifname, addr_info: info }) => ({
      ifname,
      addresses: (info as Row[])
        .map(({ local, prefixlen }) => `${String(local)}/${String(prefixlen)}`)
        .filter((address) => !address.startsWith('fe80:')),
    })),
    routes: routes.filter((route) => !isOfKernel(route)).map((route) => ordered(route)),
    rules: rules.map((rule) => ordered(rule)),
    firewall: ruleset.nftables.filter((one) => !('metainfo' in one)).map((one) => bare(one)),
    sysctl: await space.run('cat', '/proc/sys/net/ipv4/conf/all/src_valid_mark'),
    resolvConf: readFileSync('/etc/resolv.conf', 'utf8'),
  }
}

/** Routes that belong to an address, and link-local ones, whose moment the kernel chooses. */
function isOfKernel({ table, dst }: Row): boolean {
  return table === 'local' || String(dst).startsWith('fe80:') || String(dst).startsWith('ff00:')
}

/** Fields in a fixed order, without flags that the kernel sets by itself. */
function ordered(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !['flags', 'pref'].includes(name))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
}

/** Without handles, which count up. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => bare(one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'handle')
      .map(([name, inner]) => [name, bare(inner)]),
  )
}

function withoutAuthor(rows: unknown): unknown {
  return (rows as Row[]).map((row) => ({ ...row, protocol: undefined, priority: undefined }))
}

/**
 * Returns a state as far as wg-quick(8) and this package have to agree: not in the preferences of
 * rules, in who added something, in the setting that wg-quick(8) leaves behind, and in drops for
 * link-local addresses, which only some interfaces have.
 */
export function comparable(state: MachineState): unknown {
  return {
    ...state,
    sysctl: undefined,
    routes: withoutAuthor(state.routes),
    rules: withoutAuthor(state.rules),
    // The tables of the two families have no order. Within a table, the order stays.
    firewall: ['ip', 'ip6'].map((family) =>
      (state.firewall as Row[])
        .map((one) => JSON.stringify(one))
        .filter((one) => one.includes(`"family":"${family}"`) && !one.includes('"fe80:')),
    ),
  }
}
