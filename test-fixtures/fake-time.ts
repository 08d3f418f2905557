import { jest } from '@jest/globals'
import { turns } from './wait.js'

/** Time that passes only when a test says so. */
export interface FakeTime extends Disposable {
  /**
   * Lets milliseconds pass: runs the timers that are due, then handles the sockets that are ready.
   */
  advance(milliseconds: number): Promise<void>
}

/**
 * Stops the clocks and timers of this process until the end of the scope. The event loop and its
 * sockets go on, and so do the timers of Node itself: `AbortSignal.timeout`, node:timers/promises.
 */
export function fakeTime(): FakeTime {
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'hrtime'],
  })
  return {
    async advance(milliseconds) {
      // What was sent before arrives before.
      await turns(3)
      jest.advanceTimersByTime(milliseconds)
      await turns(3)
    },
    [Symbol.dispose]: () => void jest.useRealTimers(),
  }
}
