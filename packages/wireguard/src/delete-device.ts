import { type CallOptions, checkInterfaceName, isWireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, limitsOf, type OptionTable } from 'wireguardcfg/internal'
import { socketPath } from 'wireguardcfg/internal/socket'
import { type Host, isUserspace } from './host.js'
import { stopListener } from './userspace/stop.js'

/** Options of `WireGuard.deleteDevice`. */
export interface DeleteOptions extends CallOptions {
  /** What to do when the interface does not exist: `'error'` (default) or `'ignore'`. */
  readonly ifMissing?: 'error' | 'ignore' | undefined
}

const DELETE_OPTIONS: OptionTable<DeleteOptions> = {
  ...CALL_OPTIONS,
  ifMissing: ['error', 'ignore'],
}

/** @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkDeleteOptions(name: string, options: DeleteOptions): void {
  checkOptions(options, DELETE_OPTIONS, { operation: 'delete device', device: name })
}

/**
 * Deletes the interface that the other calls use for this name: the userspace interface if it
 * exists, else the kernel interface.
 */
export async function deleteDevice(
  host: Host,
  name: string,
  { ifMissing = 'error', ...options }: DeleteOptions,
): Promise<void> {
  const limits = limitsOf(options)
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
    const isMissing = isWireGuardError(error) && error.code === 'ENODEV'
    if (!isMissing || ifMissing === 'error') throw error
  }
}
