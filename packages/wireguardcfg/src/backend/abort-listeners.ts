/** The listeners of one signal, and the one listener that the signal itself has. */
interface Listeners {
  readonly all: Set<() => void>
  readonly relay: () => void
}

const bySignal = new WeakMap<AbortSignal, Listeners>()

/**
 * Calls `listener` once, when the signal is aborted. Returns a function that removes it again. Does
 * nothing for a signal that is already aborted.
 *
 * A signal gets one listener of this library, however many calls share it: from the eleventh
 * listener on, Node warns about a leak. Nothing stays on the signal after the last removal.
 *
 * @example
 * ```ts
 * const stopListening = onAbort(signal, () => socket.destroy())
 * ```
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => {}
  const listeners = bySignal.get(signal) ?? listenTo(signal)
  // A function of its own, so that the same listener may be added twice.
  const own = (): void => listener()
  listeners.all.add(own)
  return () => {
    if (listeners.all.delete(own) && listeners.all.size === 0) release(signal, listeners)
  }
}

function listenTo(signal: AbortSignal): Listeners {
  const all = new Set<() => void>()
  const relay = (): void => {
    const called = [...all]
    all.clear()
    release(signal, listeners)
    for (const listener of called) listener()
  }
  const listeners = { all, relay }
  bySignal.set(signal, listeners)
  signal.addEventListener('abort', relay, { once: true })
  return listeners
}

function release(signal: AbortSignal, { relay }: Listeners): void {
  bySignal.delete(signal)
  signal.removeEventListener('abort', relay)
}
