import { type Endpoint, formatEndpoint, isWireGuardError } from 'wireguardcfg'
import type { WatchEvent } from '../../watch/events.js'
import type { WireGuard } from '../../wireguard.js'
import type { CommandContext } from '../context.js'
import { onEnd } from '../ending.js'
import { jsonText } from '../print-json.js'
import type { PeerNames } from './names.js'

/** What is printed. */
export interface LinesRequest {
  /** The interfaces; undefined: all. */
  readonly devices: readonly string[] | undefined
  readonly names: PeerNames
  readonly traffic: boolean
  /** Milliseconds between two reads; undefined: as `WireGuard.watch` does. */
  readonly interval: number | undefined
}

/** Prints each event as a line of JSON until a signal. */
export async function printEvents(
  wg: WireGuard,
  { devices, names, traffic, interval }: LinesRequest,
  context: CommandContext,
): Promise<void> {
  const watcher = wg.watch({ devices, traffic, interval })
  const stopListening = onEnd(context, () => void watcher.return())
  try {
    for await (const event of watcher) {
      if (event.type === 'device-added') await names.addDevice(event.device)
      await context.out.write(`${jsonText(eventJSON(event, names))}\n`)
      await context.out.flush()
    }
  } finally {
    stopListening()
  }
}

/** Returns an event with text in place of endpoints and errors, and with the name of its peer. */
function eventJSON(event: WatchEvent, names: PeerNames): object {
  const name = 'publicKey' in event ? names.get(event.publicKey) : undefined
  const values = Object.entries(event).map(([key, value]: [string, unknown]) => [key, plain(value)])
  return { ...Object.fromEntries(values), ...(name === undefined ? {} : { name }) }
}

function plain(value: unknown): unknown {
  if (isWireGuardError(value)) return { code: value.code, message: value.message }
  return isEndpoint(value) ? formatEndpoint(value) : value
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'host' in value && 'port' in value
}
