import { isWireGuardError } from 'wireguardcfg'
import { parseIP } from 'wireguardcfg/internal'
import type { FirewallChain } from 'wireguardnl'
import { FORWARDING, type Sysctl } from '../sysctl.js'
import type { Draft } from './draft.js'
import type { Intent } from './intent.js'
import { EVERYTHING, type Family, FAMILIES, familyOf } from './prefixes.js'
import { MAIN } from './step.js'
import { addSysctl } from './sysctls.js'
import type { System } from './system.js'

/** The protocol of routes that a router has announced (linux/rtnetlink.h: RTPROT_RA). */
const BY_ROUTER = 9

/**
 * Adds what lets the clients of a tunnel reach other networks: the kernel forwards their packets,
 * and gives them the address of this machine. IPv6 addresses that are not private keep theirs.
 *
 * @throws WireGuardError `EROFS` forwarding is off and cannot be changed
 */
export async function addMasquerade(
  draft: Draft,
  system: System,
  { addresses }: Intent,
  sysctl: Sysctl,
): Promise<void> {
  const { network, options } = draft.request
  const { masquerade, name: device } = options
  if (masquerade === false) return
  const families = FAMILIES.filter((family) => addresses.some((one) => familyOf(one) === family))
  if (families.length === 0) {
    return draft.warn('masquerade has no effect: the file has no Address')
  }
  for (const family of families) await addForwarding(draft, system, family, sysctl)
  const translated = families.filter(
    (family) => family === 4 || addresses.some((one) => isPrivateIPv6(one)),
  )
  if (translated.length > 0) {
    const outputDevice = masquerade === true ? undefined : masquerade
    const tables = { device, outputDevice, families: translated }
    const text = await network.formatMasquerade(tables)
    draft.add({ type: 'set-masquerade', masquerade: tables, text })
  }
  if (masquerade !== true && (await network.find(masquerade, options.limits)) === undefined) {
    draft.warn(`there is no interface ${masquerade} yet, through which packets would leave`)
  }
  await warnOfDrops(draft, families)
}

async function addForwarding(
  draft: Draft,
  system: System,
  family: Family,
  sysctl: Sysctl,
): Promise<void> {
  // A machine that forwards ignores what routers announce, unless it is told not to.
  for (const device of family === 6 ? await announcedWays(system) : []) {
    const key = `net.ipv6.conf.${device.replaceAll('.', '/')}.accept_ra`
    if (sysctl.read(key) !== '1') continue
    addSysctl(
      draft,
      sysctl,
      { key, value: '2' },
      {
        detail: `${device} has its default route from a router, which it would ignore`,
        hint: `Set ${key} to 2, or give ${device} a route of its own`,
      },
    )
  }
  const key = FORWARDING[family]
  addSysctl(
    draft,
    sysctl,
    { key, value: '1' },
    {
      detail: 'the kernel would not forward the packets of clients',
      hint: `Start the container with --sysctl ${key}=1`,
    },
  )
}

/** Returns the interfaces whose default route of IPv6 a router has announced. */
async function announcedWays(system: System): Promise<string[]> {
  const routes = await system.table(MAIN)
  const devices = routes.flatMap(({ destination, protocol, device }) =>
    destination === EVERYTHING[6] && protocol === BY_ROUTER && device !== undefined ? device : [],
  )
  return [...new Set(devices)]
}

/** Whether an address is one of fc00::/7 (RFC 4193). */
function isPrivateIPv6(address: string): boolean {
  const bytes = parseIP(address.slice(0, address.indexOf('/')))
  return bytes?.byteLength === 16 && (bytes[0]! & 0xfe) === 0xfc
}

/** What one chain accepts, another one still drops: those of Docker, ufw or iptables. */
async function warnOfDrops(draft: Draft, families: readonly Family[]): Promise<void> {
  const { network, options } = draft.request
  let chains: readonly FirewallChain[]
  try {
    chains = await (await network.firewall()).chains(options.limits)
  } catch (error) {
    // Whoever may not look at the firewall can still make a plan.
    if (isWireGuardError(error) && error.code === 'EPERM') return
    throw error
  }
  const names = new Set(['inet', ...families.map((family) => (family === 4 ? 'ip' : 'ip6'))])
  for (const { family, table, name, hook, policy } of chains) {
    if (hook !== 'forward' || policy !== 'drop' || !names.has(family)) continue
    draft.warn(
      `the chain ${name} of the table ${family} ${table} drops what it does not accept: it has to accept packets from and to ${options.name}`,
    )
  }
}
