import type { BackendKind } from '../model/device.js'
import { hideKeys } from '../model/quote.js'
import { begun, callTrace, type Draft, type TracedCall } from './trace.js'

type Method = (this: unknown, a?: unknown, b?: unknown, c?: unknown) => unknown

// So many, because an array of the arguments would cost every call, traced or not.
const MOST_ARGUMENTS = 3

/**
 * Makes every method of a class publish its calls, static ones included. A method takes three
 * arguments at most, the first of which is the name of the interface if it is a text. It returns a
 * promise, or an iterator of peers or of lists of peers.
 *
 * @param except the names of methods that return anything else
 *
 * @example
 * ```ts
 * class Client {
 *   static {
 *     traceMethods(this, 'UapiClient', ['mayHave'])
 *   }
 * }
 * ```
 */
export function traceMethods(
  type: { readonly prototype: object },
  api: TracedCall['api'],
  except: readonly string[] = [],
): void {
  for (const object of [type, type.prototype]) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (name === 'constructor' || except.includes(name)) continue
      const method: unknown = property.value
      if (!isMethod(method)) continue
      Object.defineProperty(object, name, { ...property, value: traced(api, name, method) })
    }
  }
}

/** Returns a method of an object without a class that publishes its calls. */
export function tracedMethod<Options, Result>(
  api: TracedCall['api'],
  name: string,
  device: string,
  method: (options?: Options) => Promise<Result>,
): (options?: Options) => Promise<Result> {
  return (options) => {
    if (!callTrace.isOn) return method(options)
    const call = newCall(api, name, device, undefined)
    return tracePromise(
      call,
      callTrace.start(call, () => method(options)),
    )
  }
}

function traced(api: TracedCall['api'], name: string, method: Method): Method {
  if (method.length > MOST_ARGUMENTS) throw new TypeError(`${name} has too many arguments`)
  const publishing: Method = function (a, b, c) {
    if (!callTrace.isOn) return method.call(this, a, b, c)
    return traceResult(newCall(api, name, a, countPeers(b)), () => method.call(this, a, b, c))
  }
  // For stack traces.
  Object.defineProperty(publishing, 'name', { value: name })
  Object.defineProperty(publishing, 'length', { value: method.length })
  return publishing
}

function isMethod(value: unknown): value is Method {
  return typeof value === 'function'
}

function newCall(
  api: TracedCall['api'],
  method: string,
  device: unknown,
  peers: number | undefined,
): Draft<TracedCall> {
  const shown = typeof device === 'string' ? shownName(device) : undefined
  return { api, method, device: shown, backend: BACKENDS[api], peers, ...begun() }
}

const BACKENDS: Readonly<Partial<Record<TracedCall['api'], BackendKind>>> = {
  NetlinkClient: 'kernel',
  UapiClient: 'userspace',
}

// An alternative name of an interface has 127 bytes at most: ALTIFNAMSIZ of <linux/if.h>.
const LONGEST_NAME = 127

/** The caller may have passed anything, such as a key. */
function shownName(name: string): string {
  return name.length > LONGEST_NAME ? '(too long for a name)' : hideKeys(name)
}

function traceResult(call: Draft<TracedCall>, invoke: () => unknown): unknown {
  let result: unknown
  try {
    result = callTrace.start(call, () => {
      const value = invoke()
      return isIterator(value) ? traceIterator(call, value) : value
    })
  } catch (error) {
    callTrace.fail(call, error)
    throw error
  }
  return isIterator(result) ? result : tracePromise(call, Promise.resolve(result))
}

async function tracePromise<T>(call: Draft<TracedCall>, promise: Promise<T>): Promise<T> {
  try {
    const result = await promise
    call.peers ??= countPeers(result)
    call.backend ??= backendOf(result)
    callTrace.end(call)
    return result
  } catch (error) {
    callTrace.fail(call, error)
    throw error
  }
}

/** The iterator runs in the context in which this is called, as a promise would. */
function traceIterator(
  call: Draft<TracedCall>,
  iterator: AsyncIterator<unknown>,
): AsyncGenerator<unknown, void> {
  const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks')
  return readIterator(call, iterator, AsyncLocalStorage.snapshot())
}

async function* readIterator(
  call: Draft<TracedCall>,
  iterator: AsyncIterator<unknown>,
  inContext: <T>(step: () => T) => T,
): AsyncGenerator<unknown, void> {
  let peers = 0
  try {
    try {
      for (;;) {
        const { done, value } = await inContext(() => iterator.next())
        if (done === true) break
        peers += Array.isArray(value) ? value.length : 1
        yield value
      }
    } finally {
      // The consumer may have stopped early.
      await inContext(() => iterator.return?.())
      call.peers = peers
    }
  } catch (error) {
    callTrace.fail(call, error)
    throw error
  } finally {
    if (call.error === undefined) callTrace.end(call)
  }
}

function isIterator(value: unknown): value is AsyncIterator<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** The number of peers of a configuration, of a device or of all devices of a list. */
function countPeers(value: unknown): number | undefined {
  if (!Array.isArray(value)) return lengthOf(value)
  const counts = value.map(lengthOf).filter((count) => count !== undefined)
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count)
}

function lengthOf(value: unknown): number | undefined {
  try {
    // `createDevice` has the configuration in its options.
    const peers = fieldOf(value, 'peers') ?? fieldOf(fieldOf(value, 'config'), 'peers')
    return Array.isArray(peers) ? peers.length : undefined
  } catch {
    // The caller may have passed anything. The check of the configuration reports it.
    return undefined
  }
}

function backendOf(result: unknown): BackendKind | undefined {
  const backend = fieldOf(result, 'backend')
  return backend === 'kernel' || backend === 'userspace' ? backend : undefined
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
