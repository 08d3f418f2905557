import {
  type Backend,
  type BackendKind,
  type CallOptions,
  type Device,
  type DeviceConfig,
  isWireGuardError,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'
import { DevicesError } from './devices-error.js'
import { lazySource, onBackendOf, type Source } from './select.js'

/** Options of {@link WireGuard.open}. */
export interface WireGuardOptions {
  /** Where userspace implementations have their sockets; default `/var/run/wireguard`. */
  readonly socketDirectory?: string | undefined
  /**
   * The ways of reaching WireGuard, in order of preference, or a backend of your own; default `['userspace', 'kernel']`, the order of
   * wg(8). The kernel is left out where there is none to talk to, that is, on any system but Linux.
   */
  readonly backends?: readonly (BackendKind | Backend)[] | undefined
}

/** Options of {@link WireGuard.devices}. */
export interface DevicesOptions extends CallOptions {
  /** Takes what kept an interface, or a whole backend, from being read; the others are returned. */
  readonly onError?: ((error: WireGuardError) => void) | undefined
}

/**
 * WireGuard on this machine: the interfaces of the kernel and of userspace implementations through one API. Holds no timer and no
 * process; close it, or use `await using`, to free sockets.
 */
export class WireGuard implements AsyncDisposable {
  readonly #sources: readonly Source[]

  private constructor(sources: readonly Source[]) {
    this.#sources = sources
  }

  /**
   * Opens access to WireGuard. Nothing is contacted yet.
   *
   * @throws WireGuardError `EINVAL` for an unknown backend
   */
  static open(options: WireGuardOptions = {}): Promise<WireGuard> {
    const { backends = ['userspace', 'kernel'] } = options
    const usable = backends.filter(
      (backend) => backend !== 'kernel' || process.platform === 'linux',
    )
    return Promise.resolve().then(
      () => new WireGuard(usable.map((backend) => sourceOf(backend, options))),
    )
  }

  /** The names of all interfaces, each once, in the order of the backends. */
  async deviceNames(options?: CallOptions): Promise<string[]> {
    const lists = await Promise.all(
      this.#sources.map(async (source) => (await source.open()).deviceNames(options)),
    )
    return [...new Set(lists.flat())]
  }

  /**
   * Reads all interfaces. One that vanishes meanwhile is left out. Any other failure goes to `onError`; without it the call rejects at the
   * end.
   *
   * @throws DevicesError with the devices that could be read
   */
  async devices(options: DevicesOptions = {}): Promise<Device[]> {
    const errors: WireGuardError[] = []
    const report = (error: unknown): void => {
      if (!isWireGuardError(error) || error.code === 'ABORT_ERR') throw error
      if (options.onError === undefined) errors.push(error)
      else options.onError(error)
    }
    const names = await this.#namesOrReport(options, report)
    const devices: (Device | undefined)[] = []
    await inParallel(names, async (name, i) => {
      try {
        devices[i] = await this.device(name, options)
      } catch (error) {
        if (!isWireGuardError(error) || error.code !== 'ENODEV') report(error)
      }
    })
    const read = devices.filter((device) => device !== undefined)
    const [first, ...rest] = errors
    if (first !== undefined) throw new DevicesError([first, ...rest], read)
    return read
  }

  /**
   * Reads one interface.
   *
   * @throws WireGuardError `ENODEV` when there is none of this name, `EOPNOTSUPP` when it is not WireGuard, `EPERM`, `ETIMEDOUT`,
   * `ABORT_ERR`, `EPROTO`
   */
  device(name: string, options?: CallOptions): Promise<Device> {
    return onBackendOf(this.#sources, name, 'read device', (backend) =>
      backend.device(name, options),
    )
  }

  /**
   * Changes one interface: what the configuration does not mention stays as it is.
   *
   * @throws WireGuardError `EINVAL` with the `path` of the field, before anything was changed; or as {@link WireGuard.device}, with
   * `applied` when a part took effect
   */
  configureDevice(name: string, config: DeviceConfig, options?: CallOptions): Promise<void> {
    return onBackendOf(this.#sources, name, 'configure device', (backend) =>
      backend.configureDevice(name, config, options),
    )
  }

  /** Frees every socket. Calls under way are ended. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Like `deviceNames`, but a backend that cannot list is reported, and the others are listed. */
  async #namesOrReport(options: CallOptions, report: (error: unknown) => void): Promise<string[]> {
    const lists = await Promise.all(
      this.#sources.map(async (source) => {
        try {
          return await (await source.open()).deviceNames(options)
        } catch (error) {
          report(error)
          return []
        }
      }),
    )
    return [...new Set(lists.flat())]
  }
}

function sourceOf(backend: BackendKind | Backend, options: WireGuardOptions): Source {
  if (typeof backend === 'object') return lazySource(backend.kind, () => Promise.resolve(backend))
  switch (backend) {
    case 'userspace':
      return lazySource(backend, () =>
        Promise.resolve(new UapiClient({ directory: options.socketDirectory })),
      )
    case 'kernel':
      return lazySource(backend, async () => {
        const { NetlinkClient } = await import('wireguardnl')
        return new NetlinkClient()
      })
    default:
      throw new WireGuardError(`unknown backend ${JSON.stringify(backend satisfies never)}`, {
        code: 'EINVAL',
        operation: 'open',
        hint: "Expected 'userspace', 'kernel' or a Backend",
      })
  }
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
