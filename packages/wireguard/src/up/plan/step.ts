import type { DeviceConfig } from 'wireguardcfg'
import type { ConfDNS } from 'wireguardcfg/conf'
import type { Masquerade, RouteInit, RuleInit, TunnelFirewall } from 'wireguardnl'
import { addArguments } from '../dns/resolvconf.js'
import { familyOf } from './prefixes.js'

/** One step of bringing a tunnel up, changing it or taking it down. */
export interface PlanStep {
  /** What it is about. */
  readonly type:
    | 'create-interface'
    | 'delete-interface'
    | 'run-hook'
    | 'configure-device'
    | 'add-address'
    | 'remove-address'
    | 'set-link'
    | 'add-route'
    | 'replace-route'
    | 'delete-route'
    | 'add-rule'
    | 'delete-rule'
    | 'set-firewall'
    | 'delete-firewall'
    | 'set-masquerade'
    | 'delete-masquerade'
    | 'set-sysctl'
    | 'set-dns'
    | 'set-resolvconf'
    | 'set-resolved'
    | 'restore-dns'
    | 'restore-resolvconf'
    | 'save-file'
  /**
   * The same in the words of ip(8), wg(8), nft(8), sysctl(8) or the shell, for people. Nothing runs
   * it. It holds no keys.
   */
  readonly command: string
}

/** A step of `up`, with all that it needs. */
export type UpStep =
  | { readonly type: 'create-interface' }
  | { readonly type: 'run-hook'; readonly when: 'PreUp' | 'PostUp'; readonly script: string }
  | { readonly type: 'configure-device'; readonly config: DeviceConfig }
  | { readonly type: 'add-address'; readonly address: string }
  | { readonly type: 'set-link'; readonly mtu: number }
  | { readonly type: 'add-route'; readonly route: RouteInit }
  /** `text` is for nft(8); `isNeeded`: without it, the answers of the endpoint would be dropped. */
  | {
      readonly type: 'set-firewall'
      readonly tunnel: TunnelFirewall
      readonly text: string
      readonly isNeeded: boolean
    }
  | { readonly type: 'set-masquerade'; readonly masquerade: Masquerade; readonly text: string }
  /** `key` is as in sysctl(8), `before` the value that it has. */
  | {
      readonly type: 'set-sysctl'
      readonly key: string
      readonly value: string
      readonly before: string
    }
  | { readonly type: 'add-rule'; readonly rule: RuleInit }
  | { readonly type: 'set-dns'; readonly path: string; readonly text: string }
  /** `isSplit`: it is asked for names in its domains alone. */
  | { readonly type: 'set-resolved'; readonly dns: ConfDNS; readonly isSplit: boolean }
  /** `key` is what resolvconf(8) calls the tunnel. */
  | { readonly type: 'set-resolvconf'; readonly key: string; readonly text: string }

/** Returns what a failure of a step says: "could not ...". */
export function stepTitle(step: UpStep): string {
  switch (step.type) {
    case 'create-interface':
      return 'create the interface'
    case 'run-hook':
      return `run ${step.when}`
    case 'configure-device':
      return 'configure it'
    case 'add-address':
      return `add address ${step.address}`
    case 'set-link':
      return 'bring it up'
    case 'add-route':
      return `add route ${step.route.destination}`
    case 'set-firewall':
      return 'set the firewall'
    case 'set-masquerade':
      return 'set the firewall for its clients'
    case 'set-sysctl':
      return `set ${step.key}`
    case 'add-rule':
      return `add IPv${step.rule.family} rule ${step.rule.priority}`
    case 'set-resolvconf':
      return 'run resolvconf'
    case 'set-resolved':
      return 'tell systemd-resolved'
    case 'set-dns':
  }
  return `edit ${step.path}`
}

/** Returns a step in the words of the programs that do the same. */
export function commandOf(step: UpStep, name: string): string {
  switch (step.type) {
    case 'create-interface':
      return `ip link add ${name} type wireguard`
    case 'run-hook':
      return hookCommand(step.script, name)
    case 'configure-device':
      return `wg addconf ${name} /dev/stdin`
    case 'add-address':
      return `ip -${familyOf(step.address)} address add ${step.address} dev ${name}`
    case 'set-link':
      return `ip link set mtu ${step.mtu} up dev ${name}`
    case 'add-route':
      return `ip -${familyOf(step.route.destination)} route add ${routeText(step.route)}`
    case 'set-firewall':
    case 'set-masquerade':
      return 'nft -f /dev/stdin'
    case 'set-sysctl':
      return `sysctl -w ${step.key}=${step.value}`
    case 'add-rule':
      return `ip -${step.rule.family} rule add ${ruleText(step.rule)}`
    case 'set-resolved': {
      const { servers, search } = step.dns
      const domains = [...search, ...(step.isSplit ? [] : ["'~.'"])].join(' ')
      const isDefault = step.isSplit ? 'no' : 'yes'
      return `resolvectl dns ${name} ${servers.join(' ')}; resolvectl domain ${name} ${domains}; resolvectl default-route ${name} ${isDefault}`
    }
    case 'set-resolvconf':
      return `resolvconf ${addArguments(step.key).join(' ')}`
    case 'set-dns':
  }
  return `edit ${step.path}`
}

/** Returns a command of a file as it runs: with the name of the interface. */
export function hookCommand(script: string, name: string): string {
  return script.replaceAll('%i', () => name)
}

/** Returns a route in the words of ip(8), behind `ip route add` or `delete`. */
export function routeText(route: RouteInit): string {
  const { destination, type, gateway, device, table, metric, protocol } = route
  const words = [
    type === undefined || type === 'unicast' ? undefined : type,
    destination.endsWith('/0') ? 'default' : destination,
    gateway === undefined ? undefined : `via ${gateway}`,
    device === undefined ? undefined : `dev ${device}`,
    table === undefined || table === MAIN ? undefined : `table ${table}`,
    metric === undefined ? undefined : `metric ${metric}`,
    protocol === undefined ? undefined : `proto ${protocol}`,
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

/** Returns a rule in the words of ip(8), behind `ip rule add` or `delete`. */
export function ruleText(rule: RuleInit): string {
  const { priority, invert, firewallMark, table, suppressPrefixLength, protocol } = rule
  const words = [
    `preference ${priority}`,
    invert === true ? 'not' : undefined,
    firewallMark === undefined ? undefined : `fwmark ${firewallMark}`,
    `table ${table === MAIN ? 'main' : table}`,
    suppressPrefixLength === undefined
      ? undefined
      : `suppress_prefixlength ${suppressPrefixLength}`,
    protocol === undefined ? undefined : `protocol ${protocol}`,
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

/** The number of the main table. */
export const MAIN = 254
