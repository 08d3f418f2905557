import { describe, expect, it } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { Deadline } from '../../src/netlink/deadline.js'
import { pause } from '../../src/netlink/yield.js'

const never = new Promise<never>(() => {})

describe('Deadline', () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'refuses an idle timeout of %d',
    (idleTimeout) => {
      expect(() => new Deadline({ idleTimeout })).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      )
    },
  )

  it('refuses to begin with an aborted signal, and keeps the reason', () => {
    const reason = { why: 'changed my mind' }
    expect(() => new Deadline({ signal: AbortSignal.abort(reason), operation: 'test' })).toThrow(
      expect.objectContaining({
        code: 'ABORT_ERR',
        kind: 'call',
        operation: 'test',
        cause: reason,
      }),
    )
  })

  it('rejects a wait when the signal is aborted, calls onFail first, and leaves no listener', async () => {
    const controller = new AbortController()
    const deadline = new Deadline({ signal: controller.signal })
    const events: string[] = []
    deadline.start(() => events.push('onFail'))
    const wait = deadline.race(never).catch((error: { code: string }) => events.push(error.code))
    controller.abort()
    await wait
    expect(events).toEqual(['onFail', 'ABORT_ERR'])
    expect(() => deadline.touch()).toThrow(expect.objectContaining({ code: 'ABORT_ERR' }))
    await expect(deadline.race(Promise.resolve())).rejects.toMatchObject({ code: 'ABORT_ERR' })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('rejects a wait after the idle time', async () => {
    const deadline = new Deadline({ idleTimeout: 10, operation: 'test' })
    deadline.start(() => {})
    await expect(deadline.race(never)).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      kind: 'call',
      message: 'test: ETIMEDOUT, no progress for 10 ms',
    })
  })

  it('does not count the time before its start', async () => {
    const deadline = new Deadline({ idleTimeout: 1 })
    await pause(20)
    expect(() => deadline.check()).not.toThrow()
    deadline.end()
  })

  it('has no idle time when that is 0', async () => {
    const deadline = new Deadline({ idleTimeout: 0 })
    deadline.start(() => {})
    await expect(deadline.race(pause(20))).resolves.toBeUndefined()
    deadline.end()
  })

  it('lets a wait end in its own way', async () => {
    const deadline = new Deadline({})
    await expect(deadline.race(Promise.resolve(7))).resolves.toBe(7)
    await expect(deadline.race(Promise.reject(new Error('own')))).rejects.toThrow('own')
    deadline.end()
  })

  it('leaves no listener when it is ended', () => {
    const { signal } = new AbortController()
    const deadline = new Deadline({ signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    deadline.end()
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
