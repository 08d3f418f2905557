import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CallOptions } from 'wireguardcfg'
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
  /** There is a userspace implementation to start, and /dev/net/tun for it. */
  readonly userspace: UserspaceCapability
  /**
   * The sockets of userspace implementations can be seen and connected to; that there are none is
   * fine.
   */
  readonly sockets: Capability
}

/** Asks by trying; nothing is changed, except that the kernel may load its module of WireGuard. */
export async function capabilities(home: Host, options?: CallOptions): Promise<Capabilities> {
  return {
    ...(await kernelCapabilities(home, options)),
    userspace: tryUserspace(),
    sockets: trySockets(home.socketDirectory),
  }
}

async function kernelCapabilities(
  { network }: Host,
  options?: CallOptions,
): Promise<KernelCapabilities> {
  if (process.platform === 'linux') {
    const netlink = await import('wireguardnl')
    return await netlink.kernelCapabilities(await network.kernel(), options)
  }
  const none = no('The kernel part is for Linux only')
  return { kernel: none, read: none, create: none, namespaces: none, removeAllowedIPs: none }
}

function tryUserspace(): UserspaceCapability {
  if (process.platform !== 'linux') return no('Userspace devices are started on Linux only')
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
    return codeOf(error) === 'ENOENT' ? { ok: true } : no(messageOf(error))
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

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
