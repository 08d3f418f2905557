import { join } from 'node:path'
import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, errorCode } from 'wireguardcfg/internal'
import type { Capability, KernelCapabilities } from 'wireguardnl'
import type { Host } from './host.js'
import { findImplementation } from './userspace/implementation.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { accessSync, constants, existsSync, readdirSync } = process.getBuiltinModule('node:fs')

/** Whether userspace devices can be created. */
export type UserspaceCapability =
  | {
      /** They can be made. */
      readonly ok: true
      /** The path of the program that `createDevice` starts. */
      readonly program: string
      readonly reason?: undefined
    }
  | {
      /** They cannot be made. */
      readonly ok: false
      /** Why not, and what to do about it. */
      readonly reason: string
    }

/** What this process can do with WireGuard here. Each missing capability has a reason. */
export interface Capabilities extends KernelCapabilities {
  /** Whether a userspace implementation is installed and has a /dev/net/tun. */
  readonly userspace: UserspaceCapability
  /**
   * Whether this process can list the sockets of userspace implementations and connect to them.
   * `ok` is also true when no socket exists.
   */
  readonly sockets: Capability
}

/**
 * Tests what this process can do. It changes nothing, except that the kernel may load its WireGuard
 * module.
 *
 * @throws WireGuardError `ABORT_ERR` the signal was aborted, `EBADF` the `WireGuard` is closed, and
 * `EINVAL` for the options. Whatever else fails is the reason of what it stands in the way of.
 */
export async function capabilities(host: Host, options?: CallOptions): Promise<Capabilities> {
  checkOptions(options, CALL_OPTIONS, { operation: 'check capabilities' })
  return {
    ...(await kernelCapabilities(host, options)),
    userspace: tryUserspace(host),
    sockets: trySockets(host.socketDirectory),
  }
}

async function kernelCapabilities(
  { loadNetlink, network }: Host,
  options?: CallOptions,
): Promise<KernelCapabilities> {
  if (loadNetlink === undefined) return nothing('The kernel backend is supported on Linux only')
  try {
    const netlink = await loadNetlink()
    return await netlink.kernelCapabilities(await network.kernel(), options)
  } catch (error) {
    if (isWireGuardError(error) && OF_THE_CALL.has(error.code)) throw error
    return nothing(messageOf(error))
  }
}

/** The codes of errors that say nothing about what this process can do. */
const OF_THE_CALL: ReadonlySet<string> = new Set(['ABORT_ERR', 'EBADF', 'ECANCELED', 'EINVAL'])

function nothing(reason: string): KernelCapabilities {
  const none = no(reason)
  return { kernel: none, read: none, create: none, namespaces: none, removeAllowedIPs: none }
}

function tryUserspace({ loadNetlink }: Host): UserspaceCapability {
  if (loadNetlink === undefined) return no('Userspace devices can be created on Linux only')
  try {
    const program = findImplementation()
    return existsSync('/dev/net/tun') ? { ok: true, program } : no('/dev/net/tun does not exist')
  } catch (error) {
    return no(messageOf(error))
  }
}

function trySockets(directory: string): Capability {
  try {
    for (const entry of readdirSync(directory)) {
      // connect(2) needs write permission.
      if (entry.endsWith('.sock')) accessSync(join(directory, entry), constants.W_OK)
    }
    return { ok: true }
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? { ok: true } : no(messageOf(error))
  }
}

function no(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason }
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error)
}
