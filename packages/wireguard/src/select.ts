import { type Backend, type BackendKind, isWireGuardError, WireGuardError } from 'wireguardcfg'

/** A way of reaching WireGuard that is opened when it is first needed. */
export interface Source {
  readonly kind: BackendKind
  /** The backend; the same one every time. */
  open(): Promise<Backend>
  /** Closes the backend if it was opened. */
  close(): Promise<void>
}

/** A source that makes its backend at the first use. */
export function lazySource(kind: BackendKind, create: () => Promise<Backend>): Source {
  let opened: Promise<Backend> | undefined
  let closed = false
  return {
    kind,
    open: () => {
      if (closed)
        return Promise.reject(new WireGuardError('WireGuard is closed', { code: 'EBADF' }))
      return (opened ??= create())
    },
    close: async () => {
      closed = true
      await (await opened)?.close()
    },
  }
}

/**
 * Runs a step on the backend that serves an interface: the first, in the order given, that knows its name. wg(8) has the same rule: a
 * socket on which something listens wins, then the kernel.
 *
 * @throws WireGuardError `ENODEV` when no backend knows the name, and what the step throws
 */
export async function onBackendOf<T>(
  sources: readonly Source[],
  name: string,
  operation: string,
  step: (backend: Backend) => Promise<T>,
): Promise<T> {
  const misses: WireGuardError[] = []
  for (const source of sources) {
    try {
      return await step(await source.open())
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
      misses.push(error)
    }
  }
  throw noSuchInterface(misses, name, operation)
}

/** One error for all the places in which the name was not found. */
function noSuchInterface(
  misses: readonly WireGuardError[],
  device: string,
  operation: string,
): WireGuardError {
  const last = misses.at(-1)
  const details = misses.map(({ detail }) => detail).filter((detail) => detail !== undefined)
  return new WireGuardError('no such interface', {
    code: 'ENODEV',
    operation,
    device,
    detail: details.length === 0 ? undefined : details.join('; '),
    hint: last?.hint ?? misses.find(({ hint }) => hint !== undefined)?.hint,
    cause: last,
  })
}
