import type { Deadline, Progress } from './deadline.js'

/**
 * Grants a fixed number of places, in the order of the requests.
 *
 * A waiting caller is idle only while no holder makes progress, because their progress counts as
 * its own. It stops waiting as soon as its deadline fails. The next caller gets a place whether the
 * holder before it succeeded or failed.
 *
 * @example
 * ```ts
 * const reads = new Semaphore(2)
 * const device = await reads.run(deadline, () => readDevice('wg0'))
 * ```
 */
export class Semaphore implements Progress {
  readonly #places: number
  readonly #holders = new Set<Place>()
  readonly #waiting = new Set<Place>()
  /** The last progress of the earlier holders. */
  #progressBefore = 0

  /** @param places the highest number of holders at a time */
  constructor(places: number) {
    this.#places = places
  }

  /** Whether there is no holder, and so no waiting caller. For {@link KeyedQueue}. */
  get unused(): boolean {
    return this.#holders.size === 0
  }

  /** The last progress of any holder. It counts for the waiting callers. */
  get lastProgress(): number {
    let last = this.#progressBefore
    for (const { deadline } of this.#holders) last = Math.max(last, deadline.lastProgress)
    return last
  }

  /**
   * Waits for a place. Resolves to a function that releases the place; further calls of that
   * function do nothing.
   *
   * @throws the error of the deadline
   */
  async acquire(deadline: Deadline): Promise<() => void> {
    deadline.check()
    const place: Place = { deadline, start: () => {} }
    if (this.#holders.size < this.#places) this.#holders.add(place)
    else await this.#wait(place)
    return () => this.#release(place)
  }

  /** Waits for a place, runs a step and releases the place. The success of the step is progress. */
  async run<T>(deadline: Deadline, step: () => Promise<T>): Promise<T> {
    const release = await this.acquire(deadline)
    try {
      const result = await step()
      deadline.touch()
      return result
    } finally {
      release()
    }
  }

  async #wait(place: Place): Promise<void> {
    const { deadline } = place
    const turn = new Promise<void>((resolve) => {
      place.start = resolve
    })
    this.#waiting.add(place)
    deadline.waitFor(this)
    try {
      await deadline.race(turn)
      deadline.check()
    } catch (error) {
      if (this.#waiting.delete(place)) deadline.resume()
      // The place was granted as the deadline failed. Pass it on to the next caller.
      else this.#release(place)
      throw error
    }
  }

  #release(place: Place): void {
    if (!this.#holders.delete(place)) return
    this.#progressBefore = Math.max(this.#progressBefore, place.deadline.lastProgress)
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    this.#holders.add(next)
    next.deadline.resume()
    next.start()
  }
}

/**
 * A semaphore with one place.
 *
 * @example
 * ```ts
 * const mutex = new Mutex()
 * await mutex.run(deadline, () => writeDevice('wg0'))
 * ```
 */
export class Mutex extends Semaphore {
  constructor() {
    super(1)
  }
}

/**
 * Runs the steps of each name one at a time, in the order of the calls; see {@link Semaphore}.
 *
 * @example
 * ```ts
 * const writes = new KeyedQueue()
 * await writes.run('wg0', deadline, () => writeDevice('wg0'))
 * ```
 */
export class KeyedQueue {
  readonly #mutexes = new Map<string, Mutex>()

  /**
   * Runs a step after every earlier step of this name has ended.
   *
   * @throws the error of the deadline when it fails before the step begins, and the errors of the
   * step
   */
  async run<T>(name: string, deadline: Deadline, step: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(name) ?? new Mutex()
    this.#mutexes.set(name, mutex)
    try {
      return await mutex.run(deadline, step)
    } finally {
      // The name may have another mutex since the last holder released this one.
      if (mutex.unused && this.#mutexes.get(name) === mutex) this.#mutexes.delete(name)
    }
  }
}

/** A caller that waits for a place or holds it. */
interface Place {
  readonly deadline: Deadline
  /** Ends the wait. */
  start: () => void
}
