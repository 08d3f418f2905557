import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import type { FirewallTable } from 'wireguardnl'
import { type Sysctl, VALID_MARK } from '../sysctl.js'
import { addSysctl } from './sysctls.js'
import type { Draft } from './draft.js'
import type { Intent } from './intent.js'

/**
 * Adds the tables of nf_tables, and the setting without which the kernel would drop the answers of
 * the endpoint.
 *
 * @throws WireGuardError `EPROTONOSUPPORT` there are none, `EROFS` it cannot be changed
 */
export async function addFirewall(
  draft: Draft,
  { full, addresses }: Intent,
  mark: number,
  sysctl: Sysctl,
): Promise<void> {
  const { network, options, former } = draft.request
  const { name: device, firewall } = options
  if (firewall === 'off') return
  const isNeeded = full.includes(4) && sysctl.checksSource()
  const tables = await existingTables(draft)
  if (tables === undefined) {
    if (firewall === 'require' || isNeeded) throw noFirewall(isNeeded)
    draft.warn(
      'the kernel has no nf_tables, so packets to the addresses of the tunnel that come in elsewhere are not dropped',
    )
    return
  }
  const isOurs = former?.made.some(({ type }) => type === 'firewall') === true
  if (!isOurs && tables.some(({ name }) => name === `wg-quick-${device}`)) {
    draft.warn(`the tables wg-quick-${device} that an earlier tunnel left are replaced`)
  }
  const hosts = addresses.map((address) => address.slice(0, address.indexOf('/')))
  const tunnel = { device, addresses: hosts, firewallMark: mark, families: full }
  const text = await network.formatTunnelFirewall(tunnel)
  draft.add({ type: 'set-firewall', tunnel, text, isNeeded })
  if (!isNeeded) return
  // The kernel checks where packets come from. The answers of the endpoint need their mark.
  addSysctl(
    draft,
    sysctl,
    { key: VALID_MARK, value: '1' },
    {
      detail: DROPPED,
      hint: `Start the container with --sysctl ${VALID_MARK}=1, or set rp_filter to 2`,
    },
  )
}

/** Returns the tables of the namespace; undefined: the kernel has no nf_tables. */
async function existingTables({ request }: Draft): Promise<FirewallTable[] | undefined> {
  const { network, options } = request
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

const DROPPED = 'rp_filter is 1, so that the kernel would drop the answers of the endpoint'

function noFirewall(isNeeded: boolean): WireGuardError {
  return new WireGuardError('the kernel has no nf_tables', {
    code: 'EPROTONOSUPPORT',
    path: 'firewall',
    detail: isNeeded ? DROPPED : undefined,
    hint: isNeeded
      ? 'Load the modules nf_tables and nft_ct, or set net.ipv4.conf.all.rp_filter to 2'
      : 'Load the modules nf_tables and nft_ct',
  })
}
