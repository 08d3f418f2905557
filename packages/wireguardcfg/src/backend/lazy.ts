/**
 * A value that the first call makes. Concurrent calls share one attempt. A failure is not kept: the
 * next call tries again.
 *
 * @example
 * ```ts
 * const socket = new Lazy(() => connect(path))
 * const { remoteAddress } = await socket.get()
 * ```
 */
export class Lazy<T> {
  readonly #make: () => Promise<T>
  #made: Promise<T> | undefined

  /** @param make makes the value; called again after a failure */
  constructor(make: () => Promise<T>) {
    this.#make = make
  }

  /** Returns the value. Rejects if it cannot be made now. */
  get(): Promise<T> {
    if (this.#made !== undefined) return this.#made
    const made = this.#make()
    this.#made = made
    made.catch(() => {
      if (this.#made === made) this.#made = undefined
    })
    return made
  }

  /** Waits for an attempt that has begun. Returns the value if there is one. Never rejects. */
  async settled(): Promise<T | undefined> {
    try {
      return await this.#made
    } catch {
      return undefined
    }
  }
}
