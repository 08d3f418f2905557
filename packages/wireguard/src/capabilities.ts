import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CallOptions } from 'wireguardcfg'
import { errorCode } from 'wireguardcfg/internal'
import type { Capability, KernelCapabilities } from 'wireguardnl'
import type { Host } from './host.js'
import { findImplementation } from './userspace/implementation.js'

/** Whether userspace devices can be made. */
export type UserspaceCapability =
  | {
      /** They can be made. */
      readonly ok: true
      /** The path of the program that `createDevice` would start. */
      readonly program: string
      readonly reason?: undefined
    }
  | {
      /** They cannot be made. */
      readonly ok: false
      /** Why not, and what to do about it. */
      readonly reason: string
    }

/** What can be done with WireGuard here, and if not, why. */
export interface Capabilities extends KernelCapabilities {
  /** Whether there is a userspace implementation to start, and /dev/net/tun for it. */
  readonly userspace: UserspaceCapability
  /**
   * Whether the sockets of userspace implementations can be listed and connected to. It is also
   * true when there are none.
   */
  readonly sockets: Capability
}

/** Tries without changing anything, except that the kernel may load its WireGuard module. */
export async function capabilities(host: Host, options?: CallOptions): Promise<Capabilities> {
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
  if (loadNetlink !== undefined) {
    const netlink = await loadNetlink()
    return await netlink.kernelCapabilities(await network.kernel(), options)
  }
  const none = no('The kernel part is for Linux only')
  return { kernel: none, read: none, create: none, namespaces: none, removeAllowedIPs: none }
}

function tryUserspace({ loadNetlink }: Host): UserspaceCapability {
  if (loadNetlink === undefined) return no('Userspace devices are started on Linux only')
  try {
    const program = findImplementation()
    return existsSync('/dev/net/tun') ? { ok: true, program } : no('There is no /dev/net/tun')
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
