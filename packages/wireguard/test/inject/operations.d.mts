import type { CallOptions, Device, DeviceConfig } from 'wireguardcfg'
import type { WireGuard } from '../../src/index.js'

/** The methods of WireGuard that operations call. */
export type Api = Pick<
  WireGuard,
  | 'deviceNames'
  | 'devices'
  | 'device'
  | 'peers'
  | 'configureDevice'
  | 'replaceDevice'
  | 'syncDevice'
  | 'setLink'
  | 'addAddress'
  | 'removeAddress'
> & {
  createDevice(
    name: string,
    options: CallOptions,
  ): Promise<{ delete(options: CallOptions): Promise<void> }>
  deleteDevice(name: string, options?: CallOptions): Promise<void>
}

/** One call of the API. */
export interface Operation {
  /** The device does not exist before. */
  readonly startsWithout?: boolean
  /** What the device is before; default {@link INITIAL}. */
  readonly initial?: DeviceConfig
  /** What the same process does first, without faults. */
  readonly prepare?: (
    wg: Api,
    name: string,
  ) => Promise<{ delete(options: CallOptions): Promise<void> }>
  /** @param prepared the result of `prepare` */
  readonly run: (
    wg: Api,
    name: string,
    options: CallOptions,
    prepared?: { delete(options: CallOptions): Promise<void> },
  ) => Promise<unknown>
}

/** A device as comparable text. */
export interface State {
  /** A line for each peer, which begins with its public key. */
  readonly peers: readonly string[]
  /** Everything else. */
  readonly rest: string
}

export const INITIAL: DeviceConfig
export const OPERATIONS: Readonly<Record<string, Operation>>
export function publicKeyOf(i: number): string
export function describeState(
  device: Device | undefined,
  link: { readonly up: boolean; readonly mtu: number } | undefined,
  addresses: readonly string[],
): State
