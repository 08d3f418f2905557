import type { TracingChannel } from 'node:diagnostics_channel'
import type { BackendKind } from '../model/device.js'
import { errorCode } from '../model/errors.js'

/**
 * What every traced object has. All events of one call, request, lookup or process carry the same
 * object; the fields that are `undefined` at the start are set before the event `asyncEnd`. No
 * field holds a secret.
 */
export interface Traced {
  /** When it began, on the clock of `performance.now()`. */
  readonly startTime: number
  /** How long it took, in milliseconds; `undefined` until it has ended. */
  readonly duration: number | undefined
  /** The code of the error, also of the error in a reply; `undefined` until it has failed. */
  readonly code: string | undefined
  /** The error; `undefined` until it has failed. */
  readonly error: unknown
}

/**
 * One call of a public method, published on the channels `tracing:wireguard:call:*`. A call may
 * make others: `WireGuard.device` calls `NetlinkClient.device`.
 */
export interface TracedCall extends Traced {
  /** The class that has the method. */
  readonly api:
    | 'WireGuard'
    | 'OwnedDevice'
    | 'Tunnel'
    | 'NetlinkClient'
    | 'NetlinkLinks'
    | 'NetlinkRoutes'
    | 'NetlinkFirewall'
    | 'UapiClient'
  /** The name of the method. */
  readonly method: string
  /** The name of the interface; `undefined` when the method takes none, or no text was passed. */
  readonly device: string | undefined
  /** The backend that did it; `undefined` when neither the class nor the result says. */
  readonly backend: BackendKind | undefined
  /**
   * The number of peers that were passed, or else returned; `undefined` when there are neither.
   */
  readonly peers: number | undefined
}

/**
 * One exchange with the kernel or a daemon, published on the channels
 * `tracing:wireguard:request:*`.
 */
export type TracedRequest = TracedNetlinkRequest | TracedUapiRequest

/** What requests to the kernel and to daemons have in common. */
export interface TracedExchange extends Traced {
  /** The number of bytes that were sent. */
  readonly sentBytes: number
  /** The number of bytes that were received. */
  readonly receivedBytes: number
  /** The number of the error in the reply; `undefined` without a reply. 0: success. */
  readonly errno: number | undefined
}

/** A request to the kernel. A read of a device that changes is made of several. */
export interface TracedNetlinkRequest extends TracedExchange {
  /** How the request was sent. */
  readonly transport: 'netlink'
  /** The kernel's name of the request, such as `WG_CMD_GET_DEVICE`, or the number of its type. */
  readonly request: string
  /** What it is for, in the words of errors. */
  readonly operation: string
  /** The number of datagrams that were received. */
  readonly datagrams: number
  /** The number of messages of the reply. */
  readonly messages: number
  /** Whether something changed during a dump, so that it has to be repeated. */
  readonly interrupted: boolean
}

/** A request to a userspace implementation, on a connection of its own. */
export interface TracedUapiRequest extends TracedExchange {
  /** How the request was sent. */
  readonly transport: 'uapi'
  /** The operation of the protocol. */
  readonly request: 'get' | 'set'
  /** The path of the socket. */
  readonly path: string
}

/** One lookup of a host name, published on the channels `tracing:wireguard:lookup:*`. */
export interface TracedLookup extends Traced {
  /** The name that is looked up. */
  readonly host: string
  /** The address; `undefined` until it was found. */
  readonly address: string | undefined
}

/**
 * One process of a userspace implementation that this process started, published on the channels
 * `tracing:wireguard:daemon:*`. Its end is published if it ends before this process.
 */
export interface TracedDaemon extends Traced {
  /** The path of the program. */
  readonly program: string
  /** The name of the interface. */
  readonly device: string
  /** The id of the process; `undefined` when it could not be started. */
  readonly pid: number | undefined
  /** How it ended: `ended with status 0`; `undefined` while it runs. */
  readonly outcome: string | undefined
}

/** An object that its owner completes. */
export type Draft<T> = { -readonly [Field in keyof T]: T[Field] }

/**
 * Publishes what happens to one kind of object on the channels of a TracingChannel of Node. Its
 * owner asks {@link Trace.isOn} first, and makes nothing when nobody listens.
 *
 * Node runs subscribers at once, and throws what they throw in a later turn, as an uncaught
 * exception. The call itself never fails because of them.
 *
 * @see https://nodejs.org/api/diagnostics_channel.html#tracingchannel-channels
 */
export class Trace<T extends Traced> {
  readonly #name: string
  #found: TracingChannel<object, T> | undefined

  /** @param name the channels are `tracing:NAME:start` and so on */
  constructor(name: string) {
    this.#name = name
  }

  /** Whether anybody listens. */
  get isOn(): boolean {
    return this.#channel.hasSubscribers
  }

  /**
   * Publishes the start of an object and runs a step. What the step starts has the values that
   * subscribers have bound to the start with `bindStore`.
   */
  start<R>(traced: T, step: () => R): R {
    const { start, end } = this.#channel
    return start.runStores(traced, () => {
      try {
        return step()
      } finally {
        end.publish(traced)
      }
    })
  }

  /** Publishes the end of an object. */
  end(traced: Draft<T>): void {
    traced.duration = performance.now() - traced.startTime
    const { asyncStart, asyncEnd } = this.#channel
    asyncStart.publish(traced)
    asyncEnd.publish(traced)
  }

  /** Publishes the end of an object that failed. */
  fail(traced: Draft<T>, error: unknown): void {
    traced.code = errorCode(error, 'UNKNOWN')
    traced.error = error
    this.#channel.error.publish(traced)
    this.end(traced)
  }

  /** Runs a step, and publishes its start and its end. The step completes the object. */
  async run<R>(traced: Draft<T>, step: () => Promise<R>): Promise<R> {
    try {
      const result = await this.start(traced, step)
      this.end(traced)
      return result
    } catch (error) {
      this.fail(traced, error)
      throw error
    }
  }

  get #channel(): TracingChannel<object, T> {
    if (this.#found === undefined) {
      // An import would load it with the library, for programs that make no call too.
      const { tracingChannel } = process.getBuiltinModule('node:diagnostics_channel')
      this.#found = tracingChannel<object, T>(this.#name)
    }
    return this.#found
  }
}

/** The public methods. */
export const callTrace = new Trace<TracedCall>('wireguard:call')
/** The exchanges with the kernel and with daemons. */
export const requestTrace = new Trace<TracedRequest>('wireguard:request')
/** The lookups of host names. */
export const lookupTrace = new Trace<TracedLookup>('wireguard:lookup')
/** The processes of userspace implementations. */
export const daemonTrace = new Trace<TracedDaemon>('wireguard:daemon')

/** Returns the fields of an object that begins now. */
export function begun(): Draft<Traced> {
  return { startTime: performance.now(), duration: undefined, code: undefined, error: undefined }
}
