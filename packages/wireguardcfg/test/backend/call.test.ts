import { getEventListeners } from 'node:events'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { abortError, Call, DEFAULT_IDLE_TIMEOUT, timeoutError } from '../../src/backend/call.js'
import type { CallOptions } from '../../src/model/backend.js'
import { rejected, thrown } from '../model/faults.js'

const CONTEXT = { operation: 'read device', device: 'wg0' }
const never = () => new Promise<never>(() => {})
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

/** A step that fails when it is told to, and whether it was cancelled. */
function step() {
  const rejects: ((error: Error) => void)[] = []
  const promise = new Promise<string>((_, fail) => rejects.push(fail))
  const cancelled: string[] = []
  return {
    promise,
    reject: (error: Error) => rejects.forEach((fail) => fail(error)),
    cancelled,
    cancel: () => {
      cancelled.push('cancelled')
    },
  }
}

describe('a call that ends well', () => {
  it('gives the result of its step', async () => {
    using call = new Call(CONTEXT)
    expect(await call.race(Promise.resolve(5))).toBe(5)
    expect(call.check()).toBeUndefined()
  })

  it('passes on the error of its step, without cancelling it', async () => {
    using call = new Call(CONTEXT)
    const { cancelled, cancel } = step()
    await expect(call.race(Promise.reject(new RangeError('mine')), cancel)).rejects.toThrow('mine')
    expect(cancelled).toEqual([])
    expect(await call.race(Promise.resolve('next'))).toBe('next')
  })

  it('leaves no timer and no listener behind', () => {
    const { signal } = new AbortController()
    const before = timers()
    {
      using call = new Call(CONTEXT, { signal })
      expect([timers(), listeners(signal)]).toEqual([before + 1, 1])
      call.touch()
    }
    expect([timers(), listeners(signal)]).toEqual([before, 0])
  })

  it('is not woken by progress that is reported late', async () => {
    const call = new Call(CONTEXT, { idleTimeout: 1 })
    call[Symbol.dispose]()
    const before = timers()
    call.touch()
    expect(timers()).toBe(before)
    await sleep(20)
    expect(call.check()).toBeUndefined()
  })

  it('may be disposed of twice', () => {
    const call = new Call(CONTEXT)
    call[Symbol.dispose]()
    call[Symbol.dispose]()
    expect(call.check()).toBeUndefined()
  })

  it('ignores an abort that comes after it', async () => {
    const controller = new AbortController()
    const call = new Call(CONTEXT, { signal: controller.signal })
    expect(await call.race(Promise.resolve('done'))).toBe('done')
    call[Symbol.dispose]()
    controller.abort()
    expect(call.check()).toBeUndefined()
  })
})

describe('an aborted call', () => {
  it('does not start when the signal was aborted before', () => {
    const before = timers()
    const signal = AbortSignal.abort('too late')
    const error = thrown(() => new Call(CONTEXT, { signal }))
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: 'too late',
      ...CONTEXT,
    })
    expect([timers(), listeners(signal)]).toEqual([before, 0])
  })

  it('ends its step at once', async () => {
    const controller = new AbortController()
    using call = new Call(CONTEXT, { signal: controller.signal })
    const { promise, cancelled, cancel } = step()
    const result = rejected(call.race(promise, cancel))
    controller.abort('changed my mind')
    expect(await result).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: 'changed my mind',
      ...CONTEXT,
    })
    expect(cancelled).toEqual(['cancelled'])
  })

  it('stays so for every later step, which is cancelled as well', async () => {
    const controller = new AbortController()
    using call = new Call(CONTEXT, { signal: controller.signal })
    controller.abort()
    expect(thrown(() => call.check()).code).toBe('ABORT_ERR')
    const { promise, cancelled, cancel } = step()
    expect((await rejected(call.race(promise, cancel))).code).toBe('ABORT_ERR')
    expect(cancelled).toEqual(['cancelled'])
  })

  it('handles the rejection of a step that came too late', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      const controller = new AbortController()
      using call = new Call(CONTEXT, { signal: controller.signal })
      controller.abort()
      const { promise, reject } = step()
      expect((await rejected(call.race(promise))).code).toBe('ABORT_ERR')
      reject(new Error('socket closed'))
      await immediate()
      await immediate()
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })

  it('reports the abort, not what the cancelled step said', async () => {
    const controller = new AbortController()
    using call = new Call(CONTEXT, { signal: controller.signal })
    const { promise, reject } = step()
    controller.signal.addEventListener('abort', () => reject(new Error('socket closed')))
    const first = rejected(call.race(promise))
    controller.abort()
    expect((await first).code).toBe('ABORT_ERR')
  })

  it('reports the abort when its step failed just before', async () => {
    const controller = new AbortController()
    const { promise, reject } = step()
    controller.signal.addEventListener('abort', () => reject(new Error('socket closed')))
    // Listens after the socket did.
    using call = new Call(CONTEXT, { signal: controller.signal })
    const result = rejected(call.race(promise))
    controller.abort()
    expect((await result).code).toBe('ABORT_ERR')
  })

  it('leaves no rejection unhandled when its step fails later, even if cancelling throws', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    try {
      const controller = new AbortController()
      using call = new Call(CONTEXT, { signal: controller.signal })
      const { promise, reject } = step()
      const result = call.race(promise, () => {
        throw new Error('cannot cancel')
      })
      controller.abort()
      await expect(result).rejects.toThrow('cannot cancel')
      reject(new Error('socket closed'))
      await immediate()
      await immediate()
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })

  it('has the reason of AbortSignal.timeout as its cause', async () => {
    using call = new Call(CONTEXT, { signal: AbortSignal.timeout(1) })
    const error = await rejected(call.race(never()))
    expect(error.code).toBe('ABORT_ERR')
    expect(error.cause).toMatchObject({ name: 'TimeoutError' })
  })
})

describe('a call without progress', () => {
  it('fails after its idle time and cancels its step', async () => {
    using call = new Call(CONTEXT, { idleTimeout: 10 })
    const { promise, cancelled, cancel } = step()
    const error = await rejected(call.race(promise, cancel))
    expect(error).toMatchObject({ name: 'WireGuardError', code: 'ETIMEDOUT', ...CONTEXT })
    expect(error.message).toBe('read device "wg0": no progress for 10 ms')
    expect(cancelled).toEqual(['cancelled'])
    expect(thrown(() => call.check())).toBe(error)
  })

  it('fails by itself, also between two steps', async () => {
    using call = new Call(CONTEXT, { idleTimeout: 5 })
    await sleep(50)
    expect(thrown(() => call.check()).code).toBe('ETIMEDOUT')
  })

  it('does not fail as long as there is progress', async () => {
    using call = new Call(CONTEXT, { idleTimeout: 500 })
    const start = performance.now()
    while (performance.now() - start < 700) {
      call.touch()
      await call.race(sleep(20))
    }
    expect(call.check()).toBeUndefined()
  })

  it('never fails with an idle time of 0, and has no timer', async () => {
    const before = timers()
    using call = new Call(CONTEXT, { idleTimeout: 0 })
    expect(timers()).toBe(before)
    call.touch()
    await call.race(sleep(20))
    expect(call.check()).toBeUndefined()
  })

  it('keeps its first error', async () => {
    const controller = new AbortController()
    using call = new Call(CONTEXT, { signal: controller.signal, idleTimeout: 5 })
    expect((await rejected(call.race(never()))).code).toBe('ETIMEDOUT')
    controller.abort()
    expect(thrown(() => call.check()).code).toBe('ETIMEDOUT')
  })
})

describe('idleTimeout', () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5000', null, {}, 5n])(
    'refuses %p',
    (value) => {
      const { signal } = new AbortController()
      const before = timers()
      const error = thrown(() => new Call(CONTEXT, { signal, idleTimeout: value as number }))
      expect(error).toMatchObject({ code: 'EINVAL', ...CONTEXT })
      expect(error.message).toMatch(/expected milliseconds/)
      expect([timers(), listeners(signal)]).toEqual([before, 0])
    },
  )

  it.each<[string, CallOptions | undefined]>([
    ['no options', undefined],
    ['empty options', {}],
    ['undefined', { idleTimeout: undefined, signal: undefined }],
  ])('is 5 seconds with %s', (_, options) => {
    const before = timers()
    using call = new Call(CONTEXT, options)
    expect(call.context).toBe(CONTEXT)
    expect(timers()).toBe(before + 1)
    expect(DEFAULT_IDLE_TIMEOUT).toBe(5000)
  })

  it.each([2 ** 31 - 1, 0.5])('takes %p', (idleTimeout) => {
    using call = new Call(CONTEXT, { idleTimeout })
    expect(call.check()).toBeUndefined()
  })
})

describe('the errors of a call', () => {
  it('say where it happened', () => {
    expect(abortError({ operation: 'list devices' }, undefined)).toMatchObject({
      message: 'list devices: aborted by the caller',
      code: 'ABORT_ERR',
      device: undefined,
    })
    expect(timeoutError(CONTEXT, 7)).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
  })
})
