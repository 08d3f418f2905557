import {
  type Backend,
  type BackendKind,
  isWireGuardError,
  UapiClient,
  WireGuardError,
} from 'wireguardcfg'

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
  const misses: (WireGuardError | undefined)[] = []
  for (const [i, source] of sources.entries()) {
    const backend = await source.open()
    // The usual case of a kernel interface, and two errors cheaper than asking.
    if (backend instanceof UapiClient && !backend.mayHave(name)) continue
    const outcome = await attempt(backend, step)
    if (!isMiss(outcome)) return outcome.value
    misses[i] = outcome.miss
  }
  // Nobody has it, and those that were passed over say why.
  for (const [i, source] of sources.entries()) {
    if (misses[i] !== undefined) continue
    const outcome = await attempt(await source.open(), step)
    if (!isMiss(outcome)) return outcome.value
    misses[i] = outcome.miss
  }
  throw noSuchInterface(
    misses.filter((miss) => miss !== undefined),
    name,
    operation,
  )
}

type Outcome<T> = { readonly value: T } | { readonly miss: WireGuardError }

function isMiss<T>(outcome: Outcome<T>): outcome is { readonly miss: WireGuardError } {
  return 'miss' in outcome
}

async function attempt<T>(
  backend: Backend,
  step: (backend: Backend) => Promise<T>,
): Promise<Outcome<T>> {
  try {
    return { value: await step(backend) }
  } catch (error) {
    if (isWireGuardError(error) && error.code === 'ENODEV') return { miss: error }
    throw error
  }
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
