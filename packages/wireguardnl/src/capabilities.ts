import { constants } from 'node:os'
import type { CallOptions } from 'wireguardcfg'
import { encodeGenlHeader } from './genl/message.js'
import * as libc from './libc.js'
import { AttributeWriter } from './netlink/attribute-writer.js'
import { Connection } from './netlink/connection.js'
import { NETLINK_GENERIC, NETLINK_ROUTE, NLM_F_CREATE, NLM_F_EXCL } from './netlink/constants.js'
import type { ExchangeOptions } from './netlink/deadline.js'
import { NetlinkError } from './netlink/errors.js'
import { RTM_NEWLINK } from './route/constants.js'
import { encodeLinkHeader } from './route/link.js'
import { ENTER_HINT, threadNamespace } from './namespace/thread-namespace.js'
import {
  WG_CMD_GET_DEVICE,
  WG_GENL_NAME,
  WG_GENL_VERSION,
  WGDEVICE_A_IFINDEX,
} from './wireguard/constants.js'
import { CAPABILITY_HINT, NO_MODULE_HINT, toWireGuardError } from './wireguard/errors.js'
import { type Kernel, runningKernel } from './wireguard/kernel.js'

/** Whether something can be done here; if not, why. */
export type Capability =
  | { readonly ok: true; readonly reason?: undefined }
  | { readonly ok: false; readonly reason: string }

/** What this process can do with WireGuard in the kernel. */
export interface KernelCapabilities {
  /** The kernel has WireGuard, or has loaded its module now. */
  readonly kernel: Capability
  /** Devices can be read: needs the kernel's WireGuard and CAP_NET_ADMIN. So does writing. */
  readonly read: Capability
  /** Interfaces can be made, changed and deleted: needs the same. */
  readonly create: Capability
  /** Other network namespaces can be entered: needs CAP_SYS_ADMIN. */
  readonly namespaces: Capability
  /**
   * The kernel removes single allowed IPs (Linux 6.16). If not, they are moved to a peer that is
   * removed: the result is the same.
   */
  readonly removeAllowedIPs: Capability
}

/**
 * Asks what can be done here, by trying: nothing is changed, except that the kernel may load the
 * module of WireGuard.
 *
 * @throws WireGuardError `ABORT_ERR`, `ETIMEDOUT`; `EPERM` when the namespace of `kernel` cannot be
 * entered
 */
export async function kernelCapabilities(
  kernel: Kernel = runningKernel,
  options: CallOptions = {},
): Promise<KernelCapabilities> {
  const { signal, idleTimeout } = options
  const operation = 'find out capabilities'
  const exchange = { signal, idleTimeout, operation }
  await using generic = new Connection(() => kernel.open(NETLINK_GENERIC))
  await using route = new Connection(() => kernel.open(NETLINK_ROUTE))
  try {
    const family = await tryFamily(kernel, generic, exchange)
    const read = typeof family === 'number' ? await tryRead(generic, family, exchange) : family
    const create = typeof family === 'number' ? await tryCreate(route, exchange) : family
    return {
      kernel: typeof family === 'number' ? YES : family,
      read,
      create,
      namespaces: tryEnter(),
      removeAllowedIPs: kernel.removal.likely ? YES : no(OLD_KERNEL),
    }
  } catch (error) {
    throw toWireGuardError(error, { operation })
  }
}

const YES: Capability = { ok: true }
const OLD_KERNEL =
  'Needs Linux 6.16: here they are moved to a temporary peer instead, with the same result'

async function tryFamily(
  kernel: Kernel,
  connection: Connection,
  options: ExchangeOptions,
): Promise<number | Capability> {
  try {
    return await kernel.families.resolveAnew(connection, WG_GENL_NAME, options)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return no(NO_MODULE_HINT)
    throw error
  }
}

/** Reads an interface that does not exist: the kernel looks at the capability first. */
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

// The kernel counts indexes up from 1.
const NO_INDEX = 0x7fff_ffff
// `LOOPBACK_IFINDEX` of <net/net_namespace.h>: every namespace has it, whatever its name is.
const LOOPBACK_INDEX = 1

/** Makes an interface that exists, by its index: the kernel looks at the capability first. */
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

/** Enters the namespace that the thread is in already. */
function tryEnter(): Capability {
  const fd = libc.open('/proc/thread-self/ns/net', libc.O_RDONLY | libc.O_CLOEXEC)
  try {
    threadNamespace.check()
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
