import { release } from 'node:os'
import { WireGuardError } from 'wireguardcfg'
import { Families } from '../genl/family.js'
import * as libc from '../libc.js'
import { type Namespace, withinNamespace } from '../namespace/namespace.js'
import { threadNamespace } from '../namespace/thread-namespace.js'
import { NETLINK_ROUTE } from '../netlink/constants.js'
import { KernelSocket } from '../netlink/kernel-socket.js'
import type { Socket } from '../netlink/socket.js'
import type { Zones } from './structs.js'

/**
 * The kernel in one network namespace. {@link kernelIn} makes one. Its other members are not
 * public.
 */
export interface KernelHandle {
  /** The release from uname(2): `6.12.48+deb13-amd64`. */
  readonly release: string
  /** An identifier that is unique among the existing network namespaces. */
  readonly namespace: string
}

/** The access of a client to the kernel. Tests and other network namespaces have their own. */
export interface Kernel extends KernelHandle {
  /**
   * Opens a socket of NETLINK_GENERIC or NETLINK_ROUTE.
   *
   * @param groups the multicast groups whose messages it receives; none by default
   */
  open(protocol: number, groups?: readonly number[]): Socket
  /** The interfaces in the namespace of these sockets. */
  readonly zones: Zones
  /** The generic netlink families of this kernel. */
  readonly families: Families
  /** Whether this kernel removes single allowed IPs. */
  readonly removal: RemovalSupport
  /** Returns the number that Linux 5.14 and later have for a namespace. */
  cookie(): bigint | undefined
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
 * Whether a kernel removes single allowed IPs with WGALLOWEDIP_F_REMOVE_ME. Releases before 6.16
 * may have the flag and later ones may lack it, so the observed behavior is kept.
 */
export class RemovalSupport {
  readonly #likely: boolean
  #shown: boolean | undefined

  /** @param kernelRelease the release from uname(2): `6.12.48+deb13-amd64` */
  constructor(kernelRelease: string) {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernelRelease) ?? []
    this.#likely = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 16)
  }

  /**
   * Whether to try the flag: it has worked, or it has not been tried and Linux is 6.16 or later.
   */
  get likely(): boolean {
    return this.#shown ?? this.#likely
  }

  /** Whether the flag has worked. A refusal then has another reason. */
  get proved(): boolean {
    return this.#shown === true
  }

  /** Stores whether the flag worked. */
  learn(supported: boolean): void {
    this.#shown = supported
  }
}

/** The running kernel, in the network namespace of the thread at the time a socket is opened. */
export const runningKernel: Kernel = {
  open(protocol, groups = []) {
    threadNamespace.check()
    return KernelSocket.open(protocol, { strict: protocol === NETLINK_ROUTE, groups })
  },
  zones: { index: (name) => libc.ifNameToIndex(name) ?? 0, name: libc.ifIndexToName },
  families: new Families(),
  removal: new RemovalSupport(release()),
  release: release(),
  get namespace() {
    return threadNamespace.id
  },
  cookie() {
    threadNamespace.check()
    const fd = libc.socket(libc.AF_NETLINK, libc.SOCK_RAW | libc.SOCK_CLOEXEC, NETLINK_ROUTE)
    try {
      return libc.namespaceCookie(fd)
    } finally {
      libc.close(fd)
    }
  },
}

/**
 * Returns the running kernel in another network namespace, for `NetlinkClient` and
 * `NetlinkLinks`. The caller closes the namespace after everything that uses it. Opening a
 * socket in it needs CAP_SYS_ADMIN.
 *
 * @example
 * ```ts
 * using namespace = openNamespace('vpn')
 * await using client = new NetlinkClient(kernelIn(namespace))
 * ```
 */
export function kernelIn(namespace: Namespace): KernelHandle {
  const { zones } = runningKernel
  const kernel: Kernel = {
    open: (protocol, groups) =>
      withinNamespace(namespace, () => runningKernel.open(protocol, groups)),
    zones: {
      index: (name) => withinNamespace(namespace, () => zones.index(name)),
      name: (index) => withinNamespace(namespace, () => zones.name(index)),
    },
    families: runningKernel.families,
    removal: runningKernel.removal,
    release: runningKernel.release,
    namespace: namespace.id,
    cookie: () => withinNamespace(namespace, () => runningKernel.cookie()),
  }
  return kernel
}
