import { type CallOptions, checkInterfaceName } from 'wireguardcfg'
import {
  checkNumber,
  checkOptions,
  elementsOf,
  inContext,
  invalid,
  type OptionTable,
  traceMethods,
} from 'wireguardcfg/internal'
import type { LinkOperation } from '../links/errors.js'
import { runCall } from '../links/run.js'
import type { BatchMessage } from '../netlink/batch.js'
import { Connection } from '../netlink/connection.js'
import { NETLINK_NETFILTER } from '../netlink/constants.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import {
  NF_DROP,
  NF_INET_FORWARD,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
} from '../nft/constants.js'
import { nftRequestName } from '../nft/request-name.js'
import { createTable, deleteTable, listChains, listTables, transaction } from '../nft/table.js'
import { U32 } from '../routes/numbers.js'
import { parseAddress } from '../routes/prefix-text.js'
import { type KernelHandle, kernelOf, runningKernel } from '../wireguard/kernel.js'
import { BOTH, readFamilies } from './families.js'
import {
  formatMasqueradeTables,
  type Masquerade,
  masqueradeTableNames,
  masqueradeTables,
  readMasquerade,
} from './masquerade.js'
import { formatTunnelTable, type Tunnel, tunnelTable, tunnelTableName } from './tunnel-table.js'

/** The firewall of a tunnel through which all traffic of an address family goes. */
export interface TunnelFirewall {
  /** Name of the interface. */
  readonly device: string
  /** Its addresses, without prefix lengths. Packets to them that come in elsewhere are dropped. */
  readonly addresses: readonly string[]
  /** Firewall mark of the packets of the tunnel itself; not 0. */
  readonly firewallMark: number
  /** The address families whose traffic goes through the tunnel. */
  readonly families: readonly (4 | 6)[]
}

/** A table of nf_tables. */
export interface FirewallTable {
  /** As nft(8) names it: `ip`, `ip6`, `inet` ...; the number of one that it does not know. */
  readonly family: string
  /** The name. */
  readonly name: string
}

/** A chain of nf_tables that the kernel calls for packets. */
export interface FirewallChain {
  /** As {@link FirewallTable.family}. */
  readonly family: string
  /** Name of its table. */
  readonly table: string
  /** The name. */
  readonly name: string
  /** `prerouting`, `input`, `forward`, `output` or `postrouting`; the number of another hook. */
  readonly hook: string
  /** What becomes of a packet that no rule has accepted or dropped. */
  readonly policy: 'accept' | 'drop'
}

const TUNNEL: OptionTable<TunnelFirewall> = {
  device: 'text',
  addresses: 'checked later',
  firewallMark: 'checked later',
  families: 'checked later',
}
/** By NFPROTO_ (linux/netfilter.h). */
const FAMILIES: Readonly<Record<number, string>> = {
  1: 'inet',
  [NFPROTO_IPV4]: 'ip',
  3: 'arp',
  5: 'netdev',
  7: 'bridge',
  [NFPROTO_IPV6]: 'ip6',
}
/** By NF_INET_. The bridge has the same numbers. */
const HOOKS: Readonly<Record<number, string>> = {
  [NF_INET_PRE_ROUTING]: 'prerouting',
  1: 'input',
  [NF_INET_FORWARD]: 'forward',
  3: 'output',
  [NF_INET_POST_ROUTING]: 'postrouting',
}
/** inet, ip, bridge, ip6. */
const WITH_HOOKS: ReadonlySet<number> = new Set([1, NFPROTO_IPV4, 7, NFPROTO_IPV6])
/** So many addresses of an interface are more than anybody has. */
const MOST_ADDRESSES = 1024

/**
 * The nf_tables of tunnels, in the form and under the names of wg-quick(8): a table `wg-quick-NAME`
 * for each address family.
 *
 * All methods reject with a WireGuardError: `EPERM`, `EPROTONOSUPPORT` the kernel has no nf_tables,
 * `EINVAL`, `ETIMEDOUT`, `ABORT_ERR`, `EBADF` this object is closed; on other systems than Linux
 * `EOPNOTSUPP`. A call that is aborted or times out may have taken effect.
 *
 * @example
 * ```ts
 * await using firewall = new NetlinkFirewall()
 * await firewall.deleteTunnel('wg0')
 * ```
 */
export class NetlinkFirewall implements AsyncDisposable {
  readonly #connection: Connection
  #closed = false

  static {
    traceMethods(this, 'NetlinkFirewall')
  }

  /** @param kernel made by `kernelIn`; by default, the network namespace of the thread */
  constructor(kernel: KernelHandle = runningKernel) {
    const system = kernelOf(kernel)
    const open = () => system.open(NETLINK_NETFILTER)
    this.#connection = new Connection(open, undefined, nftRequestName)
  }

  /**
   * Makes the tables of a tunnel, in place of those that it has, in one transaction: there is no
   * moment without them. A family that is not given has none afterwards.
   *
   * @example
   * ```ts
   * const addresses = ['10.8.0.2', 'fd00:8::2']
   * const tunnel = { device: 'wg0', addresses, firewallMark: 51820, families: [4, 6] }
   * await firewall.setTunnel(tunnel)
   * ```
   */
  setTunnel(tunnel: TunnelFirewall, options?: CallOptions): Promise<void> {
    return this.#run('set firewall', tunnel?.device, options, async (exchange) => {
      const tables = readTunnel(tunnel)
      const creations = tables.flatMap((table) => createTable(tunnelTable(table)))
      const messages = [...deletions(tunnel.device), ...creations]
      await this.#connection.batch(transaction(messages), exchange)
    })
  }

  /**
   * Deletes the tables of a tunnel, if it has any, in one transaction.
   *
   * @example
   * ```ts
   * await firewall.deleteTunnel('wg0')
   * ```
   */
  deleteTunnel(device: string, options?: CallOptions): Promise<void> {
    return this.#run('delete firewall', device, options, async (exchange) => {
      checkInterfaceName(device)
      await this.#connection.batch(transaction(deletions(device)), exchange)
    })
  }

  /**
   * Makes the tables `wireguard-NAME` that masquerade what the clients of a tunnel send on, in
   * place of those that it has, in one transaction. The kernel then forwards such packets if
   * `net.ipv4.ip_forward` and `net.ipv6.conf.all.forwarding` are 1, and if no other chain drops
   * them. Needs Linux 5.7.
   *
   * @example
   * ```ts
   * await firewall.setMasquerade({ device: 'wg0', outputDevice: 'eth0', families: [4] })
   * ```
   */
  setMasquerade(masquerade: Masquerade, options?: CallOptions): Promise<void> {
    return this.#run('set firewall', masquerade?.device, options, async (exchange) => {
      const wanted = readMasquerade(masquerade)
      const deletion = masqueradeTableNames(wanted.device).flatMap(deleteTable)
      const creation = masqueradeTables(wanted).flatMap(createTable)
      await this.#connection.batch(transaction([...deletion, ...creation]), exchange)
    })
  }

  /**
   * Deletes the tables of {@link NetlinkFirewall.setMasquerade}, if there are any.
   *
   * @example
   * ```ts
   * await firewall.deleteMasquerade('wg0')
   * ```
   */
  deleteMasquerade(device: string, options?: CallOptions): Promise<void> {
    return this.#run('delete firewall', device, options, async (exchange) => {
      checkInterfaceName(device)
      const deletion = masqueradeTableNames(device).flatMap(deleteTable)
      await this.#connection.batch(transaction(deletion), exchange)
    })
  }

  /**
   * Lists the chains of all families that the kernel calls for packets, also those of others.
   *
   * @example
   * ```ts
   * const dropping = (await firewall.chains()).filter(({ policy }) => policy === 'drop')
   * ```
   */
  chains(options?: CallOptions): Promise<FirewallChain[]> {
    return this.#run('list firewall chains', undefined, options, async (exchange) => {
      const chains = await listChains(this.#connection, exchange)
      return chains.map(({ family, table, name, hook, policy }) => ({
        family: FAMILIES[family] ?? `${family}`,
        table,
        name,
        hook: (WITH_HOOKS.has(family) && HOOKS[hook]) || `${hook}`,
        policy: policy === NF_DROP ? 'drop' : 'accept',
      }))
    })
  }

  /**
   * Lists the tables of all families, also those of others.
   *
   * @example
   * ```ts
   * await firewall.tables() // [{ family: 'ip', name: 'wg-quick-wg0' }]
   * ```
   */
  tables(options?: CallOptions): Promise<FirewallTable[]> {
    return this.#run('list firewall tables', undefined, options, async (exchange) => {
      const tables = await listTables(this.#connection, exchange)
      return tables.map(({ family, name }) => ({ family: FAMILIES[family] ?? `${family}`, name }))
    })
  }

  /** Ends the calls in progress and closes the socket. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#connection.close()
  }

  /** {@link NetlinkFirewall.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #run<T>(
    operation: LinkOperation,
    device: string | undefined,
    options: CallOptions | undefined,
    step: (exchange: ExchangeOptions) => Promise<T>,
  ): Promise<T> {
    const closed = this.#closed && 'NetlinkFirewall'
    return runCall({ operation, device }, closed, options, (exchange) =>
      step({ ...exchange, operation }),
    )
  }
}

/**
 * Returns the tables of a tunnel as a file of nft(8), for people.
 *
 * @throws WireGuardError `EINVAL`
 *
 * @example
 * ```ts
 * const tunnel = { device: 'wg0', addresses: ['10.8.0.2'], firewallMark: 51820, families: [4] }
 * console.log(formatTunnelFirewall(tunnel))
 * ```
 */
export function formatTunnelFirewall(tunnel: TunnelFirewall): string {
  const tables = inContext({ operation: 'format firewall' }, () => readTunnel(tunnel))
  return tables.map(formatTunnelTable).join('')
}

/**
 * Returns the tables of {@link NetlinkFirewall.setMasquerade} as a file of nft(8), for people.
 *
 * @throws WireGuardError `EINVAL`
 *
 * @example
 * ```ts
 * console.log(formatMasquerade({ device: 'wg0', families: [4] }))
 * ```
 */
export function formatMasquerade(masquerade: Masquerade): string {
  return formatMasqueradeTables(
    inContext({ operation: 'format firewall' }, () => readMasquerade(masquerade)),
  )
}

/** Returns the messages that delete the tables of a tunnel, also if there are none. */
function deletions(device: string): BatchMessage[] {
  return BOTH.flatMap((family) => deleteTable(tunnelTableName(device, family)))
}

/** Reads what a caller gives, and returns it for each family. @throws WireGuardError `EINVAL` */
function readTunnel(given: TunnelFirewall): Tunnel[] {
  checkOptions(given ?? null, TUNNEL)
  const { device } = given
  checkInterfaceName(device)
  const mark = checkNumber('firewallMark', given.firewallMark, { ...U32, min: 1 })
  for (const name of ['addresses', 'families'] as const) {
    if (given[name] === undefined) throw invalid('expected a list', { path: name })
  }
  const addresses: Uint8Array[] = []
  for (const [path, text] of elementsOf(given.addresses, MOST_ADDRESSES, 'addresses')) {
    addresses.push(parseAddress(text, path))
  }
  return readFamilies(given.families).map((family) => {
    const size = family === 4 ? 4 : 16
    return { device, family, mark, addresses: addresses.filter(({ length }) => length === size) }
  })
}
