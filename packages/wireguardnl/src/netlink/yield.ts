/** How long netlink may block the event loop, in milliseconds. */
const SLICE = 2

let begin: number | undefined

/**
 * Returns whether netlink has blocked this turn of the event loop for too long. Then await
 * `nextTurn`. The time is measured for the process, not for one exchange: a hundred short exchanges
 * in a row, each with an immediate reply, take as long as a big one.
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

/** Resolves after a time in milliseconds; for 0, in the next turn of the event loop. */
export function pause(time: number): Promise<void> {
  if (time === 0) return nextTurn()
  return new Promise((resolve) => {
    setTimeout(resolve, time)
  })
}
