import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import type { Host } from '../host.js'
import { Network } from '../network.js'
import { socketPathOf } from '../userspace/socket.js'
import { stopDaemon, stopListener } from '../userspace/stop.js'
import type { Made } from './options.js'

/**
 * Deletes an interface that `createDevice` returned: that one, and none that has its name since. It
 * may be gone already.
 */
export async function removeMade(home: Host, made: Made, limits: CallOptions): Promise<void> {
  const { name, network, daemon } = made
  const path = socketPathOf(name, home.socketDirectory)
  if (daemon !== undefined) return await stopDaemon(daemon, path, limits.signal)
  if (!network.closed) return await remove(network, made, path, limits)
  // A namespace is not held open for as long as an interface lives in it: it would outlive its
  // container.
  await using again = await reopen(home, network)
  if (again?.id === network.id) await remove(again!, made, path, limits)
}

async function remove(
  network: Network,
  { name, backend, index }: Made,
  path: string,
  { signal, idleTimeout }: CallOptions,
): Promise<void> {
  const limits = { signal, idleTimeout }
  const exists = async (): Promise<boolean> => {
    const link = await network.find(name, limits)
    return link !== undefined && (index === undefined || link.index === index)
  }
  if (!(await exists())) return
  if (backend === 'userspace') return await stopListener(name, path, exists, limits)
  try {
    await (await network.links()).deleteLink(name, limits)
  } catch (error) {
    if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
  }
}

/** Without the namespace, there are no interfaces in it either. */
async function reopen(home: Host, { reference }: Network): Promise<Network | undefined> {
  try {
    return await Network.open(reference, home.loadNetlink)
  } catch (error) {
    if (isWireGuardError(error) && (error.code === 'ENOENT' || error.code === 'EINVAL')) {
      return undefined
    }
    throw error
  }
}
