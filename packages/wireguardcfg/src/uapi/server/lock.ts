/**
 * A lock for many readers or one writer, in the order of arrival. A daemon holds such a lock for a
 * whole get or set operation, so a client that stops in the middle of a set makes the others wait.
 */
export class ReadWriteLock {
  #readers = 0
  #writing = false
  readonly #queue: { readonly writes: boolean; readonly start: () => void }[] = []

  /** Runs the work, at the same time as other readers. */
  read<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(false, work)
  }

  /** Runs the work alone. */
  write<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(true, work)
  }

  async #run<T>(writes: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.#queue.push({ writes, start })
      this.#next()
    })
    try {
      return await work()
    } finally {
      if (writes) this.#writing = false
      else this.#readers--
      this.#next()
    }
  }

  #next(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (this.#writing || (first.writes && this.#readers > 0)) return
      if (first.writes) this.#writing = true
      else this.#readers++
      this.#queue.shift()
      first.start()
    }
  }
}
