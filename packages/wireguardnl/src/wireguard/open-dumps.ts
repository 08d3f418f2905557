import { WireGuardError } from 'wireguardcfg'
import type { Connection } from '../netlink/connection.js'
import type { Kernel } from './kernel.js'

/** A dump that stays open until its consumer has read it. */
export interface OpenDump {
  /** The identifier of the network namespace. */
  readonly namespace: string
  /** The index of the interface. */
  readonly index: number
  /** Ends the dump. Resolves when its socket is closed. */
  end(): Promise<void>
}

/**
 * Registers the open dumps of this thread, whose consumers may pause. The kernel deletes no
 * interface while a dump of it is open. So a deletion ends them first, and no new one begins until
 * the deletion has ended.
 */
export class OpenDumps {
  readonly #open = new Set<OpenDump>()
  readonly #deletions = new Set<{ readonly namespace: string; readonly index: number }>()

  /** The number of open dumps. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Registers a dump and returns a function that unregisters it. Returns `undefined` when the
   * interface is being deleted.
   */
  add(dump: OpenDump): (() => void) | undefined {
    for (const deletion of this.#deletions) if (isOf(dump, deletion)) return undefined
    this.#open.add(dump)
    return () => {
      this.#open.delete(dump)
    }
  }

  /**
   * Ends the dumps of an interface and prevents new ones. Returns a function that allows them
   * again, to be called after the deletion.
   */
  async end(namespace: string, index: number): Promise<() => void> {
    const deletion = { namespace, index }
    this.#deletions.add(deletion)
    const concerned = [...this.#open].filter((dump) => isOf(dump, deletion))
    await Promise.all(concerned.map((dump) => dump.end()))
    return () => {
      this.#deletions.delete(deletion)
    }
  }
}

/** The registry of this thread. */
export const openDumps = new OpenDumps()

function isOf(
  dump: OpenDump,
  { namespace, index }: { readonly namespace: string; readonly index: number },
): boolean {
  return dump.namespace === namespace && dump.index === index
}

/**
 * Passes on a stream of a device, which has a connection of its own, until this thread deletes the
 * interface. The deletion ends the stream, because the kernel would wait for the consumer.
 *
 * @throws WireGuardError `ENODEV` when the interface is deleted, and the errors of the stream
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
    // 0 without such an interface. The kernel then refuses the dump.
    index: kernel.zones.index(name),
    end: () => {
      deleted = true
      return connection.close()
    },
  })
  if (leave === undefined) throw deletedError()
  try {
    yield* stream
  } catch (error) {
    throw deleted ? deletedError(error) : error
  } finally {
    leave()
  }
}

function deletedError(cause?: unknown): WireGuardError {
  return new WireGuardError('the interface was deleted by this process', { code: 'ENODEV', cause })
}
