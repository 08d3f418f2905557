import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import type { Message } from '../netlink/message.js'

/** How often an interrupted dump is repeated. After that, the last result is returned as it is. */
const RESTARTS = 10

/** The request for a kind of things has the number of the message that tells one, and 2. */
const GET = 2

/**
 * Dumps everything of a kind, and again when something changed meanwhile. Where something changes
 * all the time, no better list can be read than the last.
 *
 * @param type of the messages of the dump: RTM_NEWLINK, RTM_NEWADDR ...
 * @param decode returns undefined for what does not belong to the list
 * @throws {NetlinkError}
 */
export async function dumpAll<T>(
  connection: Connection,
  type: number,
  payload: Uint8Array,
  decode: (message: Message) => T | undefined,
  options: ExchangeOptions,
): Promise<T[]> {
  let found: T[] = []
  const onMessage = (message: Message) => {
    const one = message.type === type ? decode(message) : undefined
    if (one !== undefined) found.push(one)
  }
  for (let attempt = 0; attempt <= RESTARTS; attempt += 1) {
    found = []
    const outcome = await connection.dump(type + GET, payload, onMessage, options)
    if (!outcome.interrupted) break
  }
  return found
}
