import { WireGuardError } from 'wireguardcfg'
import type { Connection } from '../netlink/connection.js'
import type { Kernel } from './kernel.js'

/** A dump that stays open while its consumer takes its time. */
export interface OpenDump {
  /** Of which namespace. */
  readonly namespace: string
  /** Of which interface. */
  readonly index: number
  /** Ends it: its socket is closed when this resolves. */
  end(): Promise<void>
}

/**
 * The dumps of this thread that may stand still. The kernel deletes no interface while one is open,
 * so a deletion ends them first, and none begins until it is over.
 */
export class OpenDumps {
  readonly #open = new Set<OpenDump>()
  readonly #deletions = new Set<{ readonly namespace: string; readonly index: number }>()

  /** How many are open. */
  get size(): number {
    return this.#open.size
  }

  /**
   * Enters a dump; call the result when it is over. `undefined`: the interface is being deleted.
   */
  add(dump: OpenDump): (() => void) | undefined {
    for (const deletion of this.#deletions) if (isOf(dump, deletion)) return undefined
    this.#open.add(dump)
    return () => {
      this.#open.delete(dump)
    }
  }

  /**
   * Ends the dumps of an interface and lets none begin; call the result when the deletion is over.
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

/** Those of this thread. */
export const openDumps = new OpenDumps()

function isOf(
  dump: OpenDump,
  { namespace, index }: { readonly namespace: string; readonly index: number },
): boolean {
  return dump.namespace === namespace && dump.index === index
}

/**
 * A stream of a device over a connection of its own, which this thread ends when it deletes the
 * device: the kernel would wait for the consumer.
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
