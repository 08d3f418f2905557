/** How long an exchange may keep the event loop, in milliseconds. */
const SLICE = 2

let begin: number | undefined

/**
 * Whether netlink has kept this turn of the event loop for long enough: then await `nextTurn`. The
 * time is that of the process, not of one exchange: a hundred short exchanges after each other,
 * each answered at once, are as long as a big one.
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

/** Resolves when the event loop has gone round. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Resolves after a time in milliseconds; 0: when the event loop has gone round. */
export function pause(time: number): Promise<void> {
  if (time === 0) return nextTurn()
  return new Promise((resolve) => {
    setTimeout(resolve, time)
  })
}
