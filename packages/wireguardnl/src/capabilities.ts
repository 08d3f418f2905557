import { constants } from 'node:os'
import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, limitsOf } from 'wireguardcfg/internal'
import { encodeGenlHeader } from './genl/message.js'
import * as libc from './libc.js'
import { AttributeWriter } from './netlink/attribute-writer.js'
import { Connection } from './netlink/connection.js'
import { NETLINK_GENERIC, NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from './netlink/constants.js'
import type { ExchangeOptions } from './netlink/deadline.js'
import { NetlinkError } from './netlink/errors.js'
import { RTM_NEWLINK } from './route/constants.js'
import { encodeLinkHeader } from './route/link.js'
import { routeRequestName } from './route/request-name.js'
import { ENTER_HINT, threadNamespace } from './namespace/thread-namespace.js'
import {
  WG_CMD_GET_DEVICE,
  WG_GENL_NAME,
  WG_GENL_VERSION,
  WGDEVICE_A_IFINDEX,
} from './wireguard/constants.js'
import { CAPABILITY_HINT, NO_MODULE_HINT, toWireGuardError } from './wireguard/errors.js'
import { type KernelHandle, kernelOf, runningKernel } from './wireguard/kernel.js'
import { genericRequestName } from './wireguard/request-name.js'

/** Whether something is possible here, and if not, the reason. */
export type Capability =
  | {
      /** It can be done. */
      readonly ok: true
      readonly reason?: undefined
    }
  | {
      /** It cannot be done. */
      readonly ok: false
      /** Why not, and what to do about it. */
      readonly reason: string
    }

/** The abilities of this process with WireGuard in the kernel. */
export interface KernelCapabilities {
  /** WireGuard in the kernel, built in or as a module that is now loaded. */
  readonly kernel: Capability
  /** Reading devices. Needs WireGuard in the kernel and CAP_NET_ADMIN. Writing needs the same. */
  readonly read: Capability
  /** Creating, changing and deleting interfaces. Needs the same as reading. */
  readonly create: Capability
  /** Entering other network namespaces. Needs CAP_SYS_ADMIN. */
  readonly namespaces: Capability
  /**
   * Removing single allowed IPs by the kernel itself. Needs Linux 6.16. On older kernels they are
   * moved to a temporary peer, which is then removed, with the same result.
   */
  readonly removeAllowedIPs: Capability
}

/**
 * Checks what is possible here by trying it. Changes nothing, except that the kernel may load the
 * WireGuard module. Whatever the environment denies is a reason in the result, also sockets, /proc,
 * koffi or descriptors.
 *
 * @throws WireGuardError `ABORT_ERR`, `ETIMEDOUT`; `EBADF` the namespace of `kernel` is closed
 *
 * @example
 * ```ts
 * const { create } = await kernelCapabilities()
 * if (!create.ok) console.error(create.reason)
 * ```
 */
export async function kernelCapabilities(
  kernel: KernelHandle = runningKernel,
  options: CallOptions = {},
): Promise<KernelCapabilities> {
  checkOptions(options, CALL_OPTIONS, { operation: OPERATION })
  const exchange = { ...limitsOf(options), operation: OPERATION }
  const known = kernelOf(kernel)
  const openGeneric = () => known.open(NETLINK_GENERIC)
  const openRoute = () => known.open(NETLINK_ROUTE)
  await using generic = new Connection(openGeneric, undefined, genericRequestName)
  await using route = new Connection(openRoute, undefined, routeRequestName)
  let family: number | undefined
  const resolved = await attempt(async () => {
    family = await known.families.resolveAnew(generic, WG_GENL_NAME, exchange)
    return YES
  })
  const id = family
  return {
    kernel: resolved,
    read: id === undefined ? resolved : await attempt(() => tryRead(generic, id, exchange)),
    create: id === undefined ? resolved : await attempt(() => tryCreate(route, exchange)),
    namespaces: await attempt(tryEnter),
    removeAllowedIPs: known.removal.likely ? YES : no(OLD_KERNEL),
  }
}

const OPERATION = 'check capabilities'

/** Faults of the call, not of the environment. */
const THROWN: ReadonlySet<string> = new Set([
  'ABORT_ERR',
  'ETIMEDOUT',
  'ECANCELED',
  'EBADF',
  'ENOTRECOVERABLE',
])

/** Returns what the step finds, or the reason for which it failed. */
async function attempt(step: () => Capability | Promise<Capability>): Promise<Capability> {
  try {
    return await step()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return no(NO_MODULE_HINT)
    const known = toWireGuardError(error, { operation: OPERATION })
    const isOfCall = error instanceof NetlinkError && error.kind === 'call'
    if (!isWireGuardError(known) || isOfCall || THROWN.has(known.code)) throw known
    const { summary, detail, hint } = known
    const fault = detail === undefined ? summary : `${summary} (${detail})`
    return no(hint === undefined ? fault : `${fault}. ${hint}`)
  }
}

const YES: Capability = { ok: true }
const OLD_KERNEL =
  'Needs Linux 6.16; older kernels move them to a temporary peer, with the same result'

/** Reads an interface that does not exist: the kernel checks the capability first. */
async function tryRead(
  connection: Connection,
  family: number,
  options: ExchangeOptions,
): Promise<Capability> {
  const payload = new AttributeWriter(16)
    .raw(encodeGenlHeader(WG_CMD_GET_DEVICE, WG_GENL_VERSION))
    .u32(WGDEVICE_A_IFINDEX, NO_INDEX)
    .bytes()
  return permitted(() => connection.dump(family, payload, () => {}, options), 'ENODEV')
}

// The kernel assigns indexes from 1 upwards.
const NO_INDEX = 0x7fff_ffff
// `LOOPBACK_IFINDEX` of <net/net_namespace.h>: every namespace has this interface, under any name.
const LOOPBACK_INDEX = 1

/** Creates an interface that exists, by its index: the kernel checks the capability first. */
async function tryCreate(connection: Connection, options: ExchangeOptions): Promise<Capability> {
  const payload = encodeLinkHeader({ index: LOOPBACK_INDEX })
  const flags = NLM_F_CREATE | NLM_F_EXCL
  return permitted(() => connection.request(RTM_NEWLINK, flags, payload, options), 'EEXIST')
}

async function permitted(request: () => Promise<unknown>, expected: string): Promise<Capability> {
  try {
    await request()
    return YES
  } catch (error) {
    const code = codeOf(error)
    if (code === expected) return YES
    if (code === 'EPERM' || code === 'EACCES') return no(CAPABILITY_HINT)
    throw error
  }
}

/** Enters the namespace that the thread is already in. */
function tryEnter(): Capability {
  threadNamespace.check()
  const fd = libc.open('/proc/thread-self/ns/net', libc.O_RDONLY | libc.O_CLOEXEC)
  try {
    libc.setns(fd, libc.CLONE_NEWNET)
    return YES
  } catch (error) {
    if (error instanceof libc.SystemCallError && error.errno === constants.errno.EPERM) {
      return no(ENTER_HINT)
    }
    throw error
  } finally {
    libc.close(fd)
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof NetlinkError && error.kind === 'message' ? error.code : undefined
}

function no(reason: string): Capability {
  return { ok: false, reason }
}
