import { release } from 'node:os'
import { WireGuardError } from 'wireguardcfg'
import { ifIndexToName, ifNameToIndex } from '../libc.js'
import { type Namespace, withinNamespace } from '../namespace/namespace.js'
import { threadNamespace } from '../namespace/thread-namespace.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import { KernelSocket } from '../netlink/kernel-socket.js'
import type { Socket } from '../netlink/socket.js'
import type { Zones } from './structs.js'

/**
 * A kernel in one network namespace, made by {@link kernelIn}. What clients reach it by is not
 * public.
 */
export interface KernelHandle {
  /** The release, as uname(2) gives it: `6.12.48+deb13-amd64`. */
  readonly release: string
  /** Identifies the network namespace among those that exist. */
  readonly namespace: string
}

/** What a client reaches the kernel by: the seam for tests and for other network namespaces. */
export interface Kernel extends KernelHandle {
  /** Opens a socket of NETLINK_GENERIC or NETLINK_ROUTE. */
  open(protocol: number): Socket
  /** The interfaces of the namespace of these sockets. */
  readonly zones: Zones
}

/**
 * The kernel behind a handle.
 *
 * @throws WireGuardError `EINVAL` unless {@link kernelIn} made the handle
 */
export function kernelOf(handle: KernelHandle): Kernel {
  if (isKernel(handle)) return handle
  throw new WireGuardError('not a kernel', { code: 'EINVAL', hint: 'Use kernelIn to make one' })
}

function isKernel(handle: KernelHandle): handle is Kernel {
  return typeof handle === 'object' && handle !== null && 'open' in handle && 'zones' in handle
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
 * The running kernel in another network namespace: what `new NetlinkClient(kernelIn(namespace))`
 * reads and writes. The namespace stays the caller's, to be closed after everything that uses it.
 * Needs CAP_SYS_ADMIN whenever a socket is opened.
 */
export function kernelIn(namespace: Namespace): KernelHandle {
  const { zones } = runningKernel
  const kernel: Kernel = {
    open: (protocol) => withinNamespace(namespace, () => runningKernel.open(protocol)),
    zones: {
      index: (name) => withinNamespace(namespace, () => zones.index(name)),
      name: (index) => withinNamespace(namespace, () => zones.name(index)),
    },
    release: runningKernel.release,
    namespace: namespace.id,
  }
  return kernel
}

/**
 * By kernelRelease: whether single allowed IPs are removed by WGALLOWEDIP_F_REMOVE_ME, as a kernel
 * has shown.
 */
const learnt = new Map<string, boolean>()

/**
 * Whether this kernel is worth asking to remove single allowed IPs: it has done so, or is of Linux
 * 6.16 or later.
 */
export function mayRemoveAllowedIPs(kernelRelease: string): boolean {
  const known = learnt.get(kernelRelease)
  if (known !== undefined) return known
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? []
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 16)
}

/**
 * Remembers what a kernel has shown, for the whole process: releases before 6.16 may have it, and
 * others may lack it.
 */
export function learnRemoval(kernelRelease: string, supported: boolean): void {
  learnt.set(kernelRelease, supported)
}

/** Whether a kernel has shown that it can: what it refuses then is something else. */
export function provedRemoval(kernelRelease: string): boolean {
  return learnt.get(kernelRelease) === true
}
