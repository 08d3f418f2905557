import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Deadline } from '../../src/backend/deadline.js'
import { KeyedQueue, Mutex, Semaphore } from '../../src/backend/queue.js'

const error = (code: string, message: string) => Object.assign(new Error(message), { code })
const start = (idleTimeout = 0) =>
  new Deadline({ idleTimeout, timeout: 0 }, ({ code, message }) => error(code, message))

/** A step that ends when the test says so. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/**
 * When a deadline of 100 ms has passed: a fake immediate, which comes between its timer and its
 * end, takes another millisecond.
 */
const PASSED = 101

function sleep(time: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, time)
  })
}

/** Lets everything happen that waits for nothing else. */
async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}

afterEach(() => void jest.useRealTimers())

describe('KeyedQueue', () => {
  it('runs the steps of a name one at a time, in the order of the calls', async () => {
    const queue = new KeyedQueue()
    const log: string[] = []
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        using deadline = start()
        await queue.run('wg0', deadline, async () => {
          log.push(`start ${i}`)
          await turn()
          log.push(`end ${i}`)
        })
      }),
    )
    expect(log).toStrictEqual(
      Array.from({ length: 20 }, (_, i) => [`start ${i}`, `end ${i}`]).flat(),
    )
  })

  it('waits for no other name', async () => {
    const queue = new KeyedQueue()
    const { open, opened } = gate()
    const slow = queue.run('wg0', start(), () => opened)
    await expect(queue.run('wg1', start(), () => Promise.resolve(7))).resolves.toBe(7)
    open()
    await slow
  })

  it('continues after a failed step, and passes its error on', async () => {
    const queue = new KeyedQueue()
    const no = new Error('no')
    const failing = queue.run('wg0', start(), () => Promise.reject(no))
    const next = queue.run('wg0', start(), () => Promise.resolve('next'))
    await expect(failing).rejects.toBe(no)
    await expect(next).resolves.toBe('next')
  })

  it('drops a caller that fails while it waits, at once, and never runs its step', async () => {
    const queue = new KeyedQueue()
    const { open, opened } = gate()
    const ran: number[] = []
    const deadlines = [start(), start(), start()]
    const runs = deadlines.map((deadline, i) =>
      queue.run('wg0', deadline, () => {
        ran.push(i)
        return i === 0 ? opened : Promise.resolve()
      }),
    )
    deadlines[1]!.fail(error('ABORT_ERR', 'changed my mind'))
    await expect(runs[1]).rejects.toThrow('changed my mind')
    expect(ran).toStrictEqual([0])
    open()
    await Promise.all([runs[0], runs[2]])
    expect(ran).toStrictEqual([0, 2])
  })

  it('refuses a deadline that has failed, and runs the next step', async () => {
    const queue = new KeyedQueue()
    const failed = start()
    failed.fail(error('ABORT_ERR', 'too late'))
    const never = queue.run('wg0', failed, () => Promise.resolve('ran'))
    await expect(never).rejects.toThrow('too late')
    await expect(queue.run('wg0', start(), () => Promise.resolve('next'))).resolves.toBe('next')
  })

  // The place is granted and the deadline fails in every order, while the next caller waits.
  it('is released whenever a waiting caller fails', async () => {
    for (let moment = 0; moment < 30; moment++) {
      const queue = new KeyedQueue()
      let inside = 0
      let most = 0
      const step = async () => {
        most = Math.max(most, ++inside)
        await Promise.resolve()
        inside--
      }
      const second = start()
      const runs = [
        queue.run('wg0', start(), step),
        queue.run('wg0', second, step),
        queue.run('wg0', start(), step),
      ]
      const settled = Promise.allSettled(runs)
      for (let i = 0; i < moment; i++) await Promise.resolve()
      second.fail(error('ABORT_ERR', 'now'))
      const late = [queue.run('wg0', start(), step), queue.run('wg0', start(), step)]
      await Promise.all([...late, runs[0], runs[2], settled])
      expect(most).toBe(1)
    }
  })
})

describe('a caller that waits for a holder', () => {
  it('times out after its own idle time when the holder makes no progress', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const { open, opened } = gate()
    const running = mutex.run(start(), () => opened)
    let failed: unknown
    mutex.run(start(100), () => Promise.resolve()).catch((reason: unknown) => (failed = reason))
    await jest.advanceTimersByTimeAsync(99)
    expect(failed).toBeUndefined()
    await jest.advanceTimersByTimeAsync(PASSED - 99)
    expect(failed).toMatchObject({ code: 'ETIMEDOUT', message: 'no progress for 100 ms' })
    open()
    await running
  })

  it('does not time out while the holder makes progress, and times out when that ends', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const holder = start()
    void mutex.run(holder, () => new Promise(() => {}))
    let failed: unknown
    mutex.run(start(100), () => Promise.resolve()).catch((reason: unknown) => (failed = reason))
    for (let i = 0; i < 50; i++) {
      await jest.advanceTimersByTimeAsync(90)
      holder.touch()
    }
    await jest.advanceTimersByTimeAsync(99)
    expect(failed).toBeUndefined()
    await jest.advanceTimersByTimeAsync(PASSED - 99)
    expect(failed).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('has the progress of what the holder itself waits for', async () => {
    jest.useFakeTimers()
    const [outer, inner] = [new Mutex(), new Mutex()]
    const first = start()
    void inner.run(first, () => new Promise(() => {}))
    const second = start()
    void outer.run(second, () => inner.run(second, () => Promise.resolve()))
    let failed: unknown
    outer.run(start(100), () => Promise.resolve()).catch((reason: unknown) => (failed = reason))
    for (let i = 0; i < 5; i++) {
      await jest.advanceTimersByTimeAsync(90)
      first.touch()
    }
    expect(failed).toBeUndefined()
    await jest.advanceTimersByTimeAsync(PASSED)
    expect(failed).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('has its whole idle time from the start of its turn, though the holder made no progress', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const { open, opened } = gate()
    void mutex
      .run(start(), () => opened.then(() => Promise.reject(new Error('no'))))
      .catch(() => {})
    const second = start(100)
    let failed: unknown
    mutex
      .run(second, () => second.race(new Promise(() => {})))
      .catch((reason: unknown) => (failed = reason))
    await jest.advanceTimersByTimeAsync(90)
    open()
    await jest.advanceTimersByTimeAsync(99)
    expect(failed).toBeUndefined()
    await jest.advanceTimersByTimeAsync(PASSED - 99)
    expect(failed).toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('gets its turn when the holder times out at the same time', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const first = start(100)
    const stuck = mutex.run(first, () => first.race(new Promise(() => {})))
    const next = mutex.run(start(100), () => Promise.resolve('next'))
    const third = mutex.run(start(100), () => Promise.resolve('third'))
    const results = Promise.allSettled([stuck, next, third])
    await jest.advanceTimersByTimeAsync(PASSED)
    expect(await results).toMatchObject([
      { reason: { code: 'ETIMEDOUT' } },
      { value: 'next' },
      { value: 'third' },
    ])
  })

  it('fails together with a stuck holder, and does not wait for each caller in turn', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const failed: number[] = []
    for (let i = 0; i < 10; i++) {
      const deadline = start(100)
      mutex
        .run(deadline, () => deadline.race(new Promise(() => {})))
        .catch(() => failed.push(Math.round(performance.now() - begin)))
    }
    const begin = performance.now()
    await jest.advanceTimersByTimeAsync(1000)
    // The second one had its turn.
    expect(failed).toEqual([...Array.from({ length: 9 }, () => PASSED), 2 * PASSED])
  })

  it('counts the success of an earlier step as progress', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    const runs = Array.from({ length: 10 }, () => mutex.run(start(100), () => sleep(90)))
    const all = Promise.all(runs)
    await jest.advanceTimersByTimeAsync(900)
    await expect(all).resolves.toHaveLength(10)
  })
})

describe('Semaphore', () => {
  it('grants a number of places, and one more for each that is released', async () => {
    const semaphore = new Semaphore(2)
    const gates = [gate(), gate(), gate()]
    const log: number[] = []
    const runs = gates.map(({ opened }, i) =>
      semaphore.run(start(), () => {
        log.push(i)
        return opened
      }),
    )
    await microtasks()
    expect(log).toEqual([0, 1])
    gates[1]!.open()
    await microtasks()
    expect(log).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    await Promise.all(runs)
    expect(semaphore.unused).toBe(true)
  })

  it('releases each place once, however often the function is called', async () => {
    const semaphore = new Semaphore(1)
    const release = await semaphore.acquire(start())
    const second = semaphore.acquire(start())
    let third = false
    void semaphore.acquire(start()).then(() => (third = true))
    release()
    release()
    await second
    release()
    await microtasks()
    expect(third).toBe(false)
  })

  it('has the progress of every holder', async () => {
    jest.useFakeTimers()
    const semaphore = new Semaphore(2)
    const busy = start()
    void semaphore.run(start(), () => new Promise(() => {}))
    void semaphore.run(busy, () => new Promise(() => {}))
    let failed: unknown
    semaphore.acquire(start(100)).catch((reason: unknown) => (failed = reason))
    for (let i = 0; i < 5; i++) {
      await jest.advanceTimersByTimeAsync(90)
      busy.touch()
    }
    expect(failed).toBeUndefined()
    await jest.advanceTimersByTimeAsync(PASSED)
    expect(failed).toMatchObject({ code: 'ETIMEDOUT' })
  })
})

describe('a holder that asks again before it gives its place back', () => {
  it('waits for itself, and times out like any other', async () => {
    jest.useFakeTimers()
    const mutex = new Mutex()
    using deadline = start(100)
    using second = start(100)
    const release = await mutex.acquire(deadline)
    const again = mutex.acquire(deadline).catch((reason: unknown) => reason)
    const other = mutex.acquire(second).catch((reason: unknown) => reason)
    expect(second.lastProgress).toBeGreaterThanOrEqual(0)
    await jest.advanceTimersByTimeAsync(PASSED)
    await expect(again).resolves.toMatchObject({ code: 'ETIMEDOUT' })
    await expect(other).resolves.toMatchObject({ code: 'ETIMEDOUT' })
    release()
  })
})
