import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, checkInterfaceName, isWireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, limitsOf, type OptionTable } from 'wireguardcfg/internal'
import { callDeadline } from 'wireguardcfg/backend'
import { socketPath } from 'wireguardcfg/internal/socket'
import { type Host, isUserspace } from './host.js'
import { socketId } from './userspace/serving.js'
import { CHANGES_WITHIN, stopListener } from './userspace/stop.js'

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
    await deleteExisting(host, name, limits)
  } catch (error) {
    const isMissing = isWireGuardError(error) && error.code === 'ENODEV'
    if (!isMissing || ifMissing === 'error') throw error
    await untilEnded(host, name, limits)
  }
}

async function deleteExisting(host: Host, name: string, limits: CallOptions): Promise<void> {
  if (host.has('userspace')) {
    const path = socketPath(name, host.socketDirectory)
    // The file first: what is found afterwards may be a later one.
    const socket = socketId(path)
    const link = await host.network.find(name, limits)
    if (socket !== undefined && (await isUserspace(host, name, limits))) {
      // Without a socket of its own, an interface of the kernel stays.
      const index = link?.kind === 'wireguard' ? undefined : link?.index
      const exists = async (): Promise<boolean> =>
        index !== undefined && (await host.network.find(name, limits))?.index === index
      return await stopListener({ name, path, socket }, exists, limits)
    }
  }
  await (await host.network.links()).deleteLink(name, limits)
}

/**
 * Waits for the end of a tun interface without a socket: its implementation ends, or does not serve
 * it yet.
 *
 * @throws WireGuardError `ENODEV` it stays
 */
async function untilEnded(host: Host, name: string, limits: CallOptions): Promise<void> {
  using call = callDeadline({ operation: 'delete interface', device: name }, limits)
  const latest = performance.now() + CHANGES_WITHIN
  for (let wait = 5; ; wait = Math.min(2 * wait, 50)) {
    if ((await call.race(host.network.find(name, limits))) === undefined) return
    try {
      return await deleteExisting(host, name, limits)
    } catch (error) {
      const isMissing = isWireGuardError(error) && error.code === 'ENODEV'
      if (!isMissing || performance.now() > latest) throw error
    }
    await call.race(sleep(wait))
    call.touch()
  }
}
