import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { turns } from '../../../../test-fixtures/wait.js'

const own = new AsyncLocalStorage<Set<number>>()
const sets = new Set<Set<number>>()

// Not process.getActiveResourcesInfo(), which also has the timers of jest.
const hook = createHook({
  init(id, type) {
    if (type === 'Timeout') own.getStore()?.add(id)
  },
  destroy(id) {
    for (const timers of sets) timers.delete(id)
  },
})

/** Runs a step. Returns its result, and how many timers it has started and left. */
export async function countTimers<T>(step: () => Promise<T>): Promise<[T, number]> {
  const timers = new Set<number>()
  sets.add(timers)
  hook.enable()
  try {
    const result = await own.run(timers, step)
    // Node reports the end of a timer in a later turn.
    await turns(2)
    return [result, timers.size]
  } finally {
    sets.delete(timers)
    if (sets.size === 0) hook.disable()
  }
}
