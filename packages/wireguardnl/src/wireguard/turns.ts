import type { Deadline } from '../netlink/deadline.js'
import { Mutex } from '../netlink/mutex.js'

/** Lets one holder in at a time per name, in the order of asking. */
export class Turns {
  readonly #queues = new Map<string, { readonly mutex: Mutex; users: number }>()

  /**
   * Resolves when it is this caller's turn, to the function that ends it; rejects when the deadline
   * fails before.
   *
   * Those who wait are not idle: the holder's own deadline limits how long it takes.
   */
  async acquire(name: string, deadline: Deadline): Promise<() => void> {
    let queue = this.#queues.get(name)
    if (queue === undefined) this.#queues.set(name, (queue = { mutex: new Mutex(), users: 0 }))
    queue.users++
    const { mutex } = queue
    const turn = mutex.acquire()
    const leave = async () => {
      const release = await turn
      release()
      if (--queue.users === 0) this.#queues.delete(name)
    }
    try {
      await deadline.race(turn)
    } catch (error) {
      // The turn comes all the same, and is passed on.
      void leave()
      throw error
    }
    return () => void leave()
  }
}
