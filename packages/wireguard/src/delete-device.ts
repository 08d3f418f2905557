import { type CallOptions, checkInterfaceName, isWireGuardError } from 'wireguardcfg'
import { socketPath } from 'wireguardcfg/internal/socket'
import { type Host, isUserspace } from './host.js'
import { stopListener } from './userspace/stop.js'

/** Options of `WireGuard.deleteDevice`. */
export interface DeleteOptions extends CallOptions {
  /** What to do when there is no such interface: `'error'`, the default, or `'ignore'`. */
  readonly ifMissing?: 'error' | 'ignore' | undefined
}

/**
 * Deletes the interface that the other calls would reach by this name: that of a userspace
 * implementation, else that of the kernel.
 */
export async function deleteDevice(
  host: Host,
  name: string,
  { ifMissing = 'error', signal, idleTimeout }: DeleteOptions,
): Promise<void> {
  const limits = { signal, idleTimeout }
  checkInterfaceName(name)
  try {
    if (await isUserspace(host, name, limits)) {
      const exists = async (): Promise<boolean> =>
        (await host.network.find(name, limits)) !== undefined
      await stopListener(name, socketPath(name, host.socketDirectory), exists, limits)
      return
    }
    await (await host.network.links()).deleteLink(name, limits)
  } catch (error) {
    const missing = isWireGuardError(error) && error.code === 'ENODEV'
    if (!missing || ifMissing === 'error') throw error
  }
}
