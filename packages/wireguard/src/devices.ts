import { type CallOptions, type Device, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, type OptionTable } from 'wireguardcfg/internal'
import type { Backends } from './backends.js'

/** Options of `WireGuard.devices`. */
export interface DevicesOptions extends CallOptions {
  /** Called for each interface or backend that could not be read; the rest are returned. */
  readonly onError?: ((error: WireGuardError) => void) | undefined
}

const DEVICES_OPTIONS: OptionTable<DevicesOptions> = { ...CALL_OPTIONS, onError: 'function' }

/** The error of a read in which some interfaces failed. It carries the devices that were read. */
export class DevicesError extends WireGuardError {
  /** The devices that were read. */
  readonly devices: readonly Device[]
  /** One error for each interface or backend that failed. The code is that of the first. */
  readonly errors: readonly WireGuardError[]

  /** @param errors at least one */
  constructor(errors: readonly [WireGuardError, ...WireGuardError[]], devices: readonly Device[]) {
    const [first] = errors
    const more = errors.length === 1 ? '' : `; and ${errors.length - 1} more`
    super(`${first.message}${more}`, {
      code: first.code,
      device: undefined,
      cause: first,
    })
    this.devices = devices
    this.errors = errors
  }
}

/**
 * Returns the names of all interfaces, each once, in the order of the backends.
 *
 * @param onError called when a backend cannot list its interfaces; default: throws the error
 */
export async function deviceNames(
  backends: Backends,
  options: CallOptions | undefined,
  onError: (error: unknown) => void = rethrow,
): Promise<string[]> {
  // Not Promise.all(), which would leave the other backends at work when one has failed.
  const lists = await Promise.allSettled(
    backends.all.map(async (backend) => await (await backend.open()).deviceNames(options)),
  )
  const names = lists.flatMap((list) => {
    if (list.status === 'fulfilled') return list.value
    onError(list.reason)
    return []
  })
  return [...new Set(names)]
}

function rethrow(error: unknown): never {
  throw error
}

/** Reads one device from the backend that serves it. */
export function readDevice(
  backends: Backends,
  name: string,
  options: CallOptions | undefined,
): Promise<Device> {
  return backends.runOn(name, 'read device', (backend) => backend.device(name, options))
}

/**
 * Reads all devices, except those that are deleted during the call.
 *
 * @throws DevicesError without `onError`, when an interface or a backend could not be read
 */
export async function readDevices(backends: Backends, options: DevicesOptions): Promise<Device[]> {
  checkOptions(options, DEVICES_OPTIONS, { operation: 'read devices' })
  const { onError, ...limits } = options
  const errors: WireGuardError[] = []
  const report = (error: unknown): void => {
    if (!isWireGuardError(error) || error.code === 'ABORT_ERR') throw error
    if (onError === undefined) errors.push(error)
    else onError(error)
  }
  const names = await deviceNames(backends, limits, report)
  const devices: (Device | undefined)[] = []
  await inParallel(names, async (name, i) => {
    try {
      devices[i] = await readDevice(backends, name, limits)
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'ENODEV') report(error)
    }
  })
  const read = devices.filter((device) => device !== undefined)
  const [first, ...rest] = errors
  if (first !== undefined) throw new DevicesError([first, ...rest], read)
  return read
}

const READS_AT_ONCE = 8

async function inParallel<T>(
  items: readonly T[],
  step: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [i, item] of queue) await step(item, i)
  }
  await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, items.length) }, worker))
}
