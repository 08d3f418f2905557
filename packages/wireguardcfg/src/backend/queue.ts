import type { Deadline, Progress } from './deadline.js'

/**
 * Lets a number of holders in at a time, in the order of asking.
 *
 * A caller that waits is idle only while none of the holders makes progress: their progress is its
 * own. When its deadline fails it leaves at once. How a holder ends does not matter to the next.
 */
export class Semaphore implements Progress {
  readonly #places: number
  readonly #holders = new Set<Place>()
  readonly #waiting = new Set<Place>()
  /** That of the holders who have left. */
  #progressBefore = 0

  /** @param places how many holders there may be at a time */
  constructor(places: number) {
    this.#places = places
  }

  /** Whether there is no holder, and so no waiter. For {@link KeyedQueue}. */
  get unused(): boolean {
    return this.#holders.size === 0
  }

  /** That of the holders, for those who wait. */
  get lastProgress(): number {
    let last = this.#progressBefore
    for (const { deadline } of this.#holders) last = Math.max(last, deadline.lastProgress)
    return last
  }

  /**
   * Waits for a place. The function that it resolves to gives the place back; further calls of it
   * do nothing.
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

  /** Runs a step in a place. That it succeeds is progress. */
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
      // It was given the place in the moment in which it failed: the next one takes it.
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

/** A semaphore for one holder at a time. */
export class Mutex extends Semaphore {
  constructor() {
    super(1)
  }
}

/** Runs the steps of each name one at a time, in the order of asking; see {@link Semaphore}. */
export class KeyedQueue {
  readonly #mutexes = new Map<string, Mutex>()

  /**
   * Runs a step when every earlier step of this name has ended.
   *
   * @throws the error of the deadline when that fails before; and what the step throws
   */
  async run<T>(name: string, deadline: Deadline, step: () => Promise<T>): Promise<T> {
    const mutex = this.#mutexes.get(name) ?? new Mutex()
    this.#mutexes.set(name, mutex)
    try {
      return await mutex.run(deadline, step)
    } finally {
      // The name may have got another mutex since the last holder left this one.
      if (mutex.unused && this.#mutexes.get(name) === mutex) this.#mutexes.delete(name)
    }
  }
}

/** One who asked. */
interface Place {
  readonly deadline: Deadline
  /** Ends the wait. */
  start: () => void
}
