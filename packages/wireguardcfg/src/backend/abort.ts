/**
 * Calls `listener` once the signal is aborted. Returns a function that removes the listener.
 *
 * A signal has one listener of Node's, however many are added here. Node warns of a leak from the
 * eleventh on, and removes one of n listeners in a time that grows with n.
 *
 * @example
 * ```ts
 * const stop = onAbort(signal, () => socket.destroy())
 * try {
 *   await reply
 * } finally {
 *   stop()
 * }
 * ```
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {}
  const shared = SHARED.get(signal) ?? new SharedListener(signal)
  // An object of its own: the same function may be added twice.
  const entry = { listener }
  shared.entries.add(entry)
  return () => shared.remove(entry)
}

interface Entry {
  readonly listener: () => void
}

/** The one listener of a signal. It is removed with its last entry. */
class SharedListener {
  readonly entries = new Set<Entry>()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    SHARED.set(signal, this)
    signal.addEventListener('abort', this.#onAbort)
  }

  remove(entry: Entry): void {
    if (this.entries.delete(entry) && this.entries.size === 0) this.#stop()
  }

  readonly #onAbort = (): void => {
    this.#stop()
    for (const entry of this.entries) {
      this.entries.delete(entry)
      entry.listener()
    }
  }

  #stop(): void {
    if (SHARED.get(this.#signal) === this) SHARED.delete(this.#signal)
    this.#signal.removeEventListener('abort', this.#onAbort)
  }
}

const SHARED = new WeakMap<AbortSignal, SharedListener>()
