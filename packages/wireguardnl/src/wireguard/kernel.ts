import { release } from 'node:os'
import { ifIndexToName, ifNameToIndex } from '../libc.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import { KernelSocket } from '../netlink/kernel-socket.js'
import type { Socket } from '../netlink/socket.js'
import { type Namespace, withinNamespace } from '../namespace.js'
import { threadNamespace } from '../thread-namespace.js'
import type { Zones } from './sockaddr.js'

/** What a client reaches the kernel by: the seam for tests and for other network namespaces. */
export interface Kernel {
  /** Opens a socket of NETLINK_GENERIC or NETLINK_ROUTE. */
  open(protocol: number): Socket
  /** The interfaces of the namespace of these sockets. */
  readonly zones: Zones
  /** The release, as uname(2) gives it: `6.12.48+deb13-amd64`. */
  readonly release: string
  /** What tells the network namespace from others. */
  readonly namespace: string
}

/** The running kernel, in the network namespace that the thread is in when a socket is opened. */
export const runningKernel: Kernel = {
  open(protocol) {
    threadNamespace.check()
    return KernelSocket.open(protocol, { strict: protocol === NETLINK_ROUTE })
  },
  zones: { index: (name) => ifNameToIndex(name) ?? 0, name: ifIndexToName },
  release: release(),
  get namespace() {
    return threadNamespace.id
  },
}

/**
 * The running kernel in another network namespace: what `new NetlinkClient(kernelIn(namespace))` reads and writes. The namespace stays
 * the caller's, to be closed after everything that uses it. Needs CAP_SYS_ADMIN whenever a socket is opened.
 */
export function kernelIn(namespace: Namespace): Kernel {
  const { zones } = runningKernel
  return {
    open: (protocol) => withinNamespace(namespace, () => runningKernel.open(protocol)),
    zones: {
      index: (name) => withinNamespace(namespace, () => zones.index(name)),
      name: (index) => withinNamespace(namespace, () => zones.name(index)),
    },
    release: runningKernel.release,
    namespace: namespace.id,
  }
}
