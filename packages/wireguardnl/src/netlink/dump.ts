import type { Connection } from './connection.js'
import type { ExchangeOptions } from './deadline.js'
import type { Message } from './message.js'

/** How often an interrupted dump is repeated. After that, the last result is returned as it is. */
const RESTARTS = 10

/** The types of the messages of a dump. */
export interface DumpTypes {
  readonly request: number
  readonly reply: number
}

/**
 * Dumps everything of a kind, and again when something changed meanwhile. Where something changes
 * all the time, no better list can be read than the last.
 *
 * @param decode returns undefined for what does not belong to the list
 * @throws {NetlinkError}
 */
export async function dumpAll<T>(
  connection: Connection,
  { request, reply }: DumpTypes,
  payload: Uint8Array,
  decode: (message: Message) => T | undefined,
  options: ExchangeOptions,
): Promise<T[]> {
  let found: T[] = []
  const onMessage = (message: Message) => {
    const one = message.type === reply ? decode(message) : undefined
    if (one !== undefined) found.push(one)
  }
  for (let attempt = 0; attempt <= RESTARTS; attempt += 1) {
    found = []
    const outcome = await connection.dump(request, payload, onMessage, options)
    if (!outcome.interrupted) break
  }
  return found
}
