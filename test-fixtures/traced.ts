import { tracingChannel } from 'node:diagnostics_channel'

/** What was published while it was listened to. */
export interface Heard<T> extends Disposable {
  /** The names of the events, with their objects, in order. */
  readonly events: (readonly [event: string, traced: T])[]
  /** The objects that have ended, in order. */
  readonly ended: T[]
}

/** Listens to `tracing:wireguard:KIND:*` until it is disposed of. */
export function listenTo<T extends object>(
  kind: 'call' | 'request' | 'lookup' | 'daemon',
): Heard<T> {
  const events: (readonly [string, T])[] = []
  const ended: T[] = []
  const note = (event: string) => (traced: T) => void events.push([event, traced])
  const subscribers = {
    start: note('start'),
    end: note('end'),
    asyncStart: note('asyncStart'),
    asyncEnd: (traced: T) => {
      note('asyncEnd')(traced)
      ended.push(traced)
    },
    error: note('error'),
  }
  const channel = tracingChannel<object, T>(`wireguard:${kind}`)
  channel.subscribe(subscribers)
  return { events, ended, [Symbol.dispose]: () => channel.unsubscribe(subscribers) }
}
