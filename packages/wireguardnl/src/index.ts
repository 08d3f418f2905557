/**
 * Controls WireGuard devices and network interfaces of the Linux kernel with netlink, through libc.
 * Needs no compiler at install and spawns neither `wg` nor `ip`.
 *
 * @packageDocumentation
 */
export { kernelCapabilities, type Capability, type KernelCapabilities } from './capabilities.js'
export {
  formatInterfaceAddress,
  parseInterfaceAddress,
  type LinkAddress,
} from 'wireguardcfg/internal'
export {
  formatMasquerade,
  formatTunnelFirewall,
  NetlinkFirewall,
  type FirewallChain,
  type FirewallTable,
  type TunnelFirewall,
} from './firewall/firewall.js'
export type { Masquerade } from './firewall/masquerade.js'
export type { LinkState, LinkWithAddresses } from './links/link-state.js'
export type { LinkChange } from './links/link-table.js'
export { NetlinkLinks, type LinkProperties } from './links/links.js'
export type { LinkEvent, WatchLinksOptions } from './links/watch.js'
export type { Route, RouteInit, RouteType } from './routes/route.js'
export {
  NetlinkRoutes,
  type RouteFilter,
  type RouteLookup,
  type RuleFilter,
} from './routes/routes.js'
export type { Rule, RuleInit } from './routes/rule.js'
export { namespaceCookie } from './namespace/cookie.js'
export {
  openNamespace,
  withinNamespace,
  type Namespace,
  type NamespaceReference,
} from './namespace/namespace.js'
export { tryLockFile } from './try-lock-file.js'
export { NetlinkClient, type DeviceReader, type ReaderOptions } from './wireguard/client.js'
export { kernelIn, type KernelHandle as Kernel } from './wireguard/kernel.js'
