import { WireGuardError } from 'wireguardcfg'
import type { Connection } from '../netlink/connection.js'
import type { Kernel } from './kernel.js'
import { openDumps } from './open-dumps.js'

/**
 * A stream of a device over a connection of its own, which this thread ends when it deletes the device: the kernel would wait for
 * the consumer.
 *
 * @throws WireGuardError `ENODEV` once it is deleted; and what the stream throws
 */
export async function* untilDeleted<T>(
  stream: AsyncIterable<T>,
  {
    kernel,
    name,
    connection,
  }: { readonly kernel: Kernel; readonly name: string; readonly connection: Connection },
): AsyncGenerator<T, void> {
  let deleted = false
  const leave = openDumps.add({
    namespace: kernel.namespace,
    // 0 when there is none, for the kernel to refuse.
    index: kernel.zones.index(name),
    end: () => {
      deleted = true
      return connection.close()
    },
  })
  if (leave === undefined) throw gone()
  try {
    yield* stream
  } catch (error) {
    throw deleted ? gone(error) : error
  } finally {
    leave()
  }
}

function gone(cause?: unknown): WireGuardError {
  return new WireGuardError('the interface was deleted by this process', { code: 'ENODEV', cause })
}
