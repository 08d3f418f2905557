/** How long work may block the event loop, in milliseconds. */
const SLICE = 2

let begin: number | undefined

/**
 * Returns whether this turn of the event loop has been blocked for too long. Then await `nextTurn`.
 * The time is measured for the process, not for one piece of work: a hundred short ones in a row,
 * each with an immediate reply, take as long as a big one.
 */
export function sliceIsOver(): boolean {
  if (begin === undefined) {
    begin = performance.now()
    setImmediate(() => {
      begin = undefined
    })
    return false
  }
  return performance.now() - begin >= SLICE
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
