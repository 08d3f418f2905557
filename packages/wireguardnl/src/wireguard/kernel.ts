import { release } from 'node:os'
import { WireGuardError } from 'wireguardcfg'
import { Families } from '../genl/family.js'
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
  /** Its generic netlink families. */
  readonly families: Families
  /** Whether it removes single allowed IPs. */
  readonly removal: RemovalSupport
}

/**
 * Returns the kernel of a handle.
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

/**
 * Whether a kernel removes single allowed IPs by WGALLOWEDIP_F_REMOVE_ME. Releases before 6.16 may
 * have it, and later ones may lack it: what it does is remembered.
 */
export class RemovalSupport {
  readonly #likely: boolean
  #shown: boolean | undefined

  /** @param kernelRelease as uname(2) gives it: `6.12.48+deb13-amd64` */
  constructor(kernelRelease: string) {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? []
    this.#likely = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 16)
  }

  /** Whether it is worth trying: the kernel has done it, or is of Linux 6.16 or later. */
  get likely(): boolean {
    return this.#shown ?? this.#likely
  }

  /** Whether the kernel has done it: what it refuses then is something else. */
  get proved(): boolean {
    return this.#shown === true
  }

  /** Remembers what the kernel has shown. */
  learn(supported: boolean): void {
    this.#shown = supported
  }
}

/** The running kernel, in the network namespace that the thread is in when a socket is opened. */
export const runningKernel: Kernel = {
  open(protocol) {
    threadNamespace.check()
    return KernelSocket.open(protocol, { strict: protocol === NETLINK_ROUTE })
  },
  zones: { index: (name) => ifNameToIndex(name) ?? 0, name: ifIndexToName },
  families: new Families(),
  removal: new RemovalSupport(release()),
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
    families: runningKernel.families,
    removal: runningKernel.removal,
    release: runningKernel.release,
    namespace: namespace.id,
  }
  return kernel
}
