import { nextTurn, sleep, sliceIsOver } from 'wireguardcfg/internal'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import { MessageReader } from '../netlink/message.js'
import type { Socket } from '../netlink/socket.js'
import { listAllAddresses } from '../route/address.js'
import { listLinks } from '../route/link.js'
import type { LinkWithAddresses } from './link-state.js'
import { type LinkChange, LinkTable } from './link-table.js'

/** What {@link NetlinkLinks.watch} reports. */
export type LinkEvent =
  | LinkChange
  | {
      /** The interfaces as they are: the first event. */
      readonly type: 'state'
      /** All of them, in the order of the kernel. */
      readonly links: readonly LinkWithAddresses[]
    }
  | {
      /**
       * The consumer was slow, and the kernel dropped messages. What differs between before and now
       * follows; changes in between may be missing.
       */
      readonly type: 'resync'
      /** Why. */
      readonly missed: 'overrun'
    }

/** Options of `NetlinkLinks.watch`. */
export interface WatchLinksOptions {
  /** Ends the watch with `ABORT_ERR`. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds between two looks for news; default 100. */
  readonly interval?: number | undefined
}

/** What a watch needs. */
export interface WatchContext {
  /** Opens a socket that receives the messages of the groups. */
  readonly open: () => Socket
  /** For dumps. */
  readonly connection: Connection
  readonly exchange: ExchangeOptions
  /** Ends the watch: `wait` then rejects. */
  readonly signal: AbortSignal
  readonly interval: number
}

/**
 * Yields the interfaces, and then their changes. It subscribes first and reads the interfaces then,
 * so that no change is lost in between. It keeps nothing for a slow consumer: the kernel does, and
 * says when it could not.
 *
 * @throws {NetlinkError}
 */
export async function* watchLinks(context: WatchContext): AsyncGenerator<LinkEvent, void> {
  const socket = context.open()
  const table = new LinkTable()
  try {
    await read(table, socket, context)
    yield { type: 'state', links: table.links }
    while (!context.signal.aborted) {
      const changes = receive(table, socket)
      if (changes === undefined) await sleep(context.interval, context.signal)
      else if (changes === 'overrun') {
        const missing = await read(table, socket, context)
        yield { type: 'resync', missed: 'overrun' }
        yield* missing
      } else yield* changes
      if (sliceIsOver()) await nextTurn()
    }
  } finally {
    await socket.close()
  }
}

/** How often the interfaces are read again when something changed meanwhile. */
const READS = 4

/**
 * Reads the interfaces, and returns what differs from those that are known. What arrived during the
 * read may be older than its result and would take changes back for a moment, so it is read again.
 */
async function read(
  table: LinkTable,
  socket: Socket,
  { connection, exchange }: WatchContext,
): Promise<LinkChange[]> {
  const changes: LinkChange[] = []
  for (let i = 0; i < READS; i++) {
    if (!dropAll(socket) && i > 0) break
    const links = await listLinks(connection, undefined, exchange)
    const addresses = await listAllAddresses(connection, exchange)
    changes.push(...table.replace(links, addresses))
  }
  return changes
}

/** Receives everything that has arrived, and returns whether there was something. */
function dropAll(socket: Socket): boolean {
  let found = false
  for (;;) {
    try {
      if (socket.receive() === undefined) return found
    } catch (error) {
      if (!isOverrun(error)) throw error
    }
    found = true
  }
}

/** Returns the changes of the next datagram; undefined when there is none. */
function receive(table: LinkTable, socket: Socket): LinkChange[] | 'overrun' | undefined {
  try {
    const datagram = socket.receive()
    if (datagram === undefined) return undefined
    const changes: LinkChange[] = []
    for (const message = new MessageReader(datagram); message.next();) {
      changes.push(...table.take(message))
    }
    return changes
  } catch (error) {
    // What cannot be read may have been a change.
    if (isOverrun(error) || error instanceof MalformedMessageError) return 'overrun'
    throw error
  }
}

function isOverrun(error: unknown): boolean {
  return error instanceof NetlinkError && error.code === 'ENOBUFS'
}
