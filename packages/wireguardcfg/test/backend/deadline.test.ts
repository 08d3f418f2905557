import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Deadline, type DeadlineFailure, type DeadlineOptions } from '../../src/backend/deadline.js'

/** What a test sees of a failure. */
class Failure extends Error {
  readonly code: string
  constructor({ message, code, cause }: DeadlineFailure) {
    super(message, { cause })
    this.code = code
  }
}

const start = (options: DeadlineOptions = {}) => new Deadline(options, (why) => new Failure(why))
const never = () => new Promise<never>(() => {})
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length
const caught = (failing: Promise<unknown>) =>
  failing.then(
    () => Promise.reject(new Error('expected a rejection')),
    (error: unknown) => error,
  )

/** What a fake immediate takes: one comes between the timer of a deadline and its end. */
const IMMEDIATE = 1

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

/** Runs a test and finds the unhandled rejections. */
async function unhandledRejections(test: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    await test()
    jest.useRealTimers()
    // Node reports a rejection when the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve))
    return unhandled
  } finally {
    process.off('unhandledRejection', listen)
  }
}

/** A step that fails on request, and whether it was cancelled. */
function step() {
  let reject!: (error: Error) => void
  const promise = new Promise<string>((_, fail) => {
    reject = fail
  })
  const cancelled: string[] = []
  const cancel = () => void cancelled.push('cancelled')
  return { promise, reject, cancelled, cancel }
}

describe('a deadline that is met', () => {
  it('returns the result of a step', async () => {
    using deadline = start()
    expect(await deadline.race(Promise.resolve(5))).toBe(5)
    expect(deadline.check()).toBeUndefined()
  })

  it('passes on the error of a step, without cancelling it', async () => {
    using deadline = start()
    const { cancelled, cancel } = step()
    const failing = Promise.reject(new RangeError('mine'))
    await expect(deadline.race(failing, cancel)).rejects.toThrow('mine')
    expect(cancelled).toEqual([])
    expect(await deadline.race(Promise.resolve('next'))).toBe('next')
  })

  it('leaves no timer and no listener', () => {
    const { signal } = new AbortController()
    {
      using deadline = start({ signal })
      deadline.touch()
      expect([jest.getTimerCount(), listeners(signal)]).toEqual([1, 1])
    }
    expect([jest.getTimerCount(), listeners(signal)]).toEqual([0, 0])
  })

  it('leaves no timer when it ends after its timer ran and before the input was read', () => {
    const { signal } = new AbortController()
    const deadline = start({ signal, idleTimeout: 10 })
    jest.advanceTimersByTime(10)
    deadline[Symbol.dispose]()
    jest.runAllTimers()
    expect(deadline.check()).toBeUndefined()
    expect([jest.getTimerCount(), listeners(signal)]).toEqual([0, 0])
  })

  it('starts no timer for progress that is reported late, and may be disposed of twice', () => {
    const deadline = start({ idleTimeout: 1 })
    deadline[Symbol.dispose]()
    deadline.touch()
    deadline[Symbol.dispose]()
    expect(jest.getTimerCount()).toBe(0)
    expect(deadline.check()).toBeUndefined()
  })

  it('ignores an abort that comes afterwards', () => {
    const controller = new AbortController()
    const deadline = start({ signal: controller.signal })
    deadline[Symbol.dispose]()
    controller.abort()
    expect(deadline.check()).toBeUndefined()
  })
})

describe('a deadline whose signal is aborted', () => {
  it('does not begin when it was aborted before', () => {
    const signal = AbortSignal.abort('too late')
    expect(() => start({ signal })).toThrow(
      expect.objectContaining({
        code: 'ABORT_ERR',
        message: 'aborted by the caller',
        cause: 'too late',
      }),
    )
    expect([jest.getTimerCount(), listeners(signal)]).toEqual([0, 0])
  })

  it('ends its step at once, and leaves no timer and no listener', async () => {
    const controller = new AbortController()
    const deadline = start({ signal: controller.signal })
    const { promise, cancelled, cancel } = step()
    const result = caught(deadline.race(promise, cancel))
    controller.abort('changed my mind')
    expect(await result).toMatchObject({ code: 'ABORT_ERR', cause: 'changed my mind' })
    expect(cancelled).toEqual(['cancelled'])
    // The owner may never dispose of it.
    expect([jest.getTimerCount(), listeners(controller.signal)]).toEqual([0, 0])
  })

  it('calls the listeners before the step rejects, except the removed ones', async () => {
    const controller = new AbortController()
    using deadline = start({ signal: controller.signal })
    const events: string[] = []
    deadline.onFail(() => events.push('listener'))
    const stop = deadline.onFail(() => events.push('stopped'))
    const race = deadline.race(never()).catch(() => events.push('step'))
    stop()
    controller.abort()
    await race
    expect(events).toEqual(['listener', 'step'])
  })

  it('rejects every later step and cancels it', async () => {
    const controller = new AbortController()
    using deadline = start({ signal: controller.signal })
    controller.abort()
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ABORT_ERR' }))
    const { promise, cancelled, cancel } = step()
    await expect(deadline.race(promise, cancel)).rejects.toMatchObject({ code: 'ABORT_ERR' })
    expect(cancelled).toEqual(['cancelled'])
  })

  it('handles the rejection of a step that came too late', async () => {
    const unhandled = await unhandledRejections(async () => {
      const controller = new AbortController()
      using deadline = start({ signal: controller.signal })
      controller.abort()
      const { promise, reject } = step()
      await expect(deadline.race(promise)).rejects.toMatchObject({ code: 'ABORT_ERR' })
      reject(new Error('socket closed'))
    })
    expect(unhandled).toEqual([])
  })

  it.each(['before', 'after'])(
    'reports the abort when its step fails %s it, by the same signal',
    async (when) => {
      const controller = new AbortController()
      const { promise, reject } = step()
      const fail = () => reject(new Error('socket closed'))
      if (when === 'before') controller.signal.addEventListener('abort', fail)
      using deadline = start({ signal: controller.signal })
      if (when === 'after') controller.signal.addEventListener('abort', fail)
      const result = caught(deadline.race(promise))
      controller.abort()
      expect(await result).toMatchObject({ code: 'ABORT_ERR' })
    },
  )

  it('leaves no rejection unhandled when its step fails later, even if cancelling throws', async () => {
    const unhandled = await unhandledRejections(async () => {
      const controller = new AbortController()
      using deadline = start({ signal: controller.signal })
      const { promise, reject } = step()
      const result = deadline.race(promise, () => {
        throw new Error('cannot cancel')
      })
      controller.abort()
      await expect(result).rejects.toThrow('cannot cancel')
      reject(new Error('socket closed'))
    })
    expect(unhandled).toEqual([])
  })

  it('has the reason of AbortSignal.timeout as its cause', async () => {
    using deadline = start({ signal: AbortSignal.timeout(1) })
    expect(await caught(deadline.race(never()))).toMatchObject({
      code: 'ABORT_ERR',
      cause: { name: 'TimeoutError' },
    })
  })
})

describe('a deadline without progress', () => {
  it('fails after its idle time and cancels its step', async () => {
    using deadline = start({ idleTimeout: 10 })
    const { promise, cancelled, cancel } = step()
    const result = caught(deadline.race(promise, cancel))
    jest.advanceTimersByTime(9)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(await result).toMatchObject({ code: 'ETIMEDOUT', message: 'no progress for 10 ms' })
    expect(cancelled).toEqual(['cancelled'])
    expect(() => deadline.check()).toThrow('no progress for 10 ms')
  })

  it('fails also between two steps', () => {
    using deadline = start({ idleTimeout: 5 })
    jest.advanceTimersByTime(5 + IMMEDIATE)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
    expect(jest.getTimerCount()).toBe(0)
  })

  it('does not fail while there is progress, and fails after its idle time without any', () => {
    using deadline = start({ idleTimeout: 100 })
    for (let i = 0; i < 20; i++) {
      jest.advanceTimersByTime(99)
      deadline.touch()
    }
    jest.advanceTimersByTime(99)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
  })

  it('lets the input be read that waited during a stall of the event loop', () => {
    using deadline = start({ idleTimeout: 100 })
    // It is read after the timers that are due, and before the immediates.
    setTimeout(() => deadline.touch(), 100)
    jest.advanceTimersByTime(100 + IMMEDIATE)
    expect(deadline.check()).toBeUndefined()
  })

  it('never fails without limits, and has no timer', () => {
    using deadline = start({ idleTimeout: 0, timeout: 0 })
    deadline.touch()
    expect(jest.getTimerCount()).toBe(0)
    jest.advanceTimersByTime(1e6)
    expect(deadline.check()).toBeUndefined()
  })

  it('keeps its first error', () => {
    const controller = new AbortController()
    using deadline = start({ signal: controller.signal, idleTimeout: 5 })
    jest.advanceTimersByTime(5 + IMMEDIATE)
    controller.abort()
    deadline.fail(new Failure({ code: 'EINVAL', message: 'from outside' }))
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
  })
})

describe('a deadline that waits for something else', () => {
  it('makes progress when that does, and has its own progress afterwards', () => {
    using deadline = start({ idleTimeout: 100 })
    const ahead = { lastProgress: 0 }
    deadline.waitFor(ahead)
    for (let i = 0; i < 5; i++) {
      jest.advanceTimersByTime(90)
      ahead.lastProgress = performance.now()
    }
    expect(deadline.lastProgress).toBe(ahead.lastProgress)
    jest.advanceTimersByTime(90)
    deadline.resume()
    jest.advanceTimersByTime(99)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
  })

  it('fails when that makes no progress', () => {
    using deadline = start({ idleTimeout: 100 })
    deadline.waitFor({ lastProgress: 0 })
    jest.advanceTimersByTime(100 + IMMEDIATE)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
  })

  it('is not idle while this process works, and is idle afterwards', async () => {
    using deadline = start({ idleTimeout: 100 })
    let end!: (value: number) => void
    const work = deadline.whileWorking(new Promise<number>((resolve) => (end = resolve)))
    jest.advanceTimersByTime(1000)
    end(7)
    expect(await work).toBe(7)
    expect(deadline.lastProgress).toBe(performance.now())
    jest.advanceTimersByTime(100 + IMMEDIATE)
    expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'ETIMEDOUT' }))
  })
})

describe('a deadline whose time is over', () => {
  it('fails whatever the progress, and says what the limit was', () => {
    using deadline = start({ idleTimeout: 100, timeout: 1000 })
    for (let i = 0; i < 11; i++) {
      expect(deadline.check()).toBeUndefined()
      jest.advanceTimersByTime(90)
      deadline.touch()
    }
    jest.advanceTimersByTime(10 + IMMEDIATE)
    const late = { code: 'ETIMEDOUT', message: 'not finished after 1000 ms' }
    expect(() => deadline.check()).toThrow(expect.objectContaining(late))
    expect(jest.getTimerCount()).toBe(0)
  })

  it.each<[string, DeadlineOptions]>([
    ['five minutes without the option', { idleTimeout: 0 }],
    ['five minutes when it is undefined', { idleTimeout: 0, timeout: undefined }],
  ])('ends after %s', (_, options) => {
    using deadline = start(options)
    jest.advanceTimersByTime(299_999)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(() => deadline.check()).toThrow('not finished after 300000 ms')
  })

  it('includes the time of waiting and of work', () => {
    using deadline = start({ idleTimeout: 100, timeout: 1000 })
    void deadline.whileWorking(new Promise(() => {})).catch(() => {})
    jest.advanceTimersByTime(999)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(() => deadline.check()).toThrow('not finished after 1000 ms')
  })
})

describe.each(['idleTimeout', 'timeout'])('%s', (name) => {
  const values = [-1, NaN, Infinity, 2 ** 31, '5', null, {}, [], 5n, true, Symbol('x'), () => {}]
  it.each(values.map((value) => [value]))('refuses %p', (value) => {
    const { signal } = new AbortController()
    expect(() => start({ signal, [name]: value })).toThrow(
      expect.objectContaining({
        code: 'EINVAL',
        message: expect.stringMatching(new RegExp(`^${name} .*: expected milliseconds`)),
      }),
    )
    expect([jest.getTimerCount(), listeners(signal)]).toEqual([0, 0])
  })
})

describe('options that are none', () => {
  const signals = [null, {}, 'signal', new AbortController(), { aborted: false }]
  it.each(signals.map((signal) => [signal]))('are refused: the signal %p', (signal) => {
    expect(() => start({ signal: signal as AbortSignal })).toThrow(
      'signal: expected an AbortSignal',
    )
  })

  it.each([[null], [5000], ['5000'], [true]])('are refused: %p', (options) => {
    expect(() => start(options as DeadlineOptions)).toThrow('options: expected an object')
  })
})

describe('idleTimeout', () => {
  it.each<[string, DeadlineOptions]>([
    ['without options', {}],
    ['when it is undefined', { idleTimeout: undefined, signal: undefined }],
  ])('is 5 seconds %s', (_, options) => {
    using deadline = start(options)
    jest.advanceTimersByTime(4999)
    expect(deadline.check()).toBeUndefined()
    jest.advanceTimersByTime(1 + IMMEDIATE)
    expect(() => deadline.check()).toThrow('no progress for 5000 ms')
  })

  it.each([2 ** 31 - 1, 0.5])('accepts %p', (idleTimeout) => {
    using deadline = start({ idleTimeout })
    expect(deadline.check()).toBeUndefined()
  })
})
