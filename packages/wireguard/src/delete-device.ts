import { type CallOptions, checkInterfaceName, isWireGuardError } from 'wireguardcfg'
import { type Host, isUserspace } from './host.js'
import { socketPathOf } from './userspace/socket.js'
import { stopListener } from './userspace/stop.js'

/** Options of `WireGuard.deleteDevice`. */
export interface DeleteOptions extends CallOptions {
  /** When there is no interface of this name: `'error'`, the default, or `'ignore'`. */
  readonly ifMissing?: 'error' | 'ignore' | undefined
}

/**
 * Deletes the interface that the other calls would reach by this name: a userspace
 * implementation's, else the kernel's.
 */
export async function deleteDevice(
  home: Host,
  name: string,
  { ifMissing = 'error', signal, idleTimeout }: DeleteOptions,
): Promise<void> {
  const limits = { signal, idleTimeout }
  checkInterfaceName(name)
  try {
    if (await isUserspace(home, name, limits)) {
      const exists = async (): Promise<boolean> =>
        (await home.network.find(name, limits)) !== undefined
      await stopListener(name, socketPathOf(name, home.socketDirectory), exists, limits)
      return
    }
    await (await home.network.links()).deleteLink(name, limits)
  } catch (error) {
    const missing = isWireGuardError(error) && error.code === 'ENODEV'
    if (!missing || ifMissing === 'error') throw error
  }
}
