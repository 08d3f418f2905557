/**
 * The WireGuard devices and interfaces of the Linux kernel: netlink through libc, without a
 * compiler at install and without spawning `wg` or `ip`.
 *
 * @packageDocumentation
 */
export { kernelCapabilities, type Capability, type KernelCapabilities } from './capabilities.js'
export { formatInterfaceAddress, parseInterfaceAddress } from './interface-address.js'
export { NetlinkLinks, type LinkProperties, type LinkState } from './links/links.js'
export {
  openNamespace,
  withinNamespace,
  type Namespace,
  type NamespaceReference,
} from './namespace/namespace.js'
export type { LinkAddress } from './route/address.js'
export { NetlinkClient } from './wireguard/client.js'
export { kernelIn, type KernelHandle as Kernel } from './wireguard/kernel.js'
