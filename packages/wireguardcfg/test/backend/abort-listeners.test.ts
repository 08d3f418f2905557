import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { onAbort } from '../../src/backend/abort-listeners.js'
import { callDeadline } from '../../src/backend/call.js'
import { turns } from '../../../../test-fixtures/wait.js'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

const warnings: string[] = []
const note = ({ name }: Error) => void warnings.push(name)
beforeEach(() => {
  warnings.length = 0
  process.on('warning', note)
})
afterEach(() => void process.off('warning', note))

describe('listeners of a signal', () => {
  it('are one on the signal, however many calls share it, and none afterwards', async () => {
    const { signal } = new AbortController()
    const calls = Array.from({ length: 10_000 }, () =>
      callDeadline({ operation: 'read device' }, { signal }),
    )
    expect(listeners(signal)).toBe(1)
    // Node emits the warning in a turn of its own.
    await turns()
    expect(warnings).toEqual([])
    for (const call of calls) call[Symbol.dispose]()
    expect(listeners(signal)).toBe(0)
  })

  it('are all called once, also those of calls that begin while others end', () => {
    const controller = new AbortController()
    const called: number[] = []
    const remove = onAbort(controller.signal, () => void called.push(1))
    remove()
    remove()
    const listen = (id: number) => onAbort(controller.signal, () => void called.push(id))
    listen(2)
    listen(3)
    controller.abort()
    expect(called).toEqual([2, 3])
    expect(listeners(controller.signal)).toBe(0)
  })

  it('leave the listeners and the limit of the caller as they are', () => {
    const controller = new AbortController()
    let aborted = 0
    controller.signal.addEventListener('abort', () => aborted++)
    const remove = onAbort(controller.signal, () => {})
    expect(listeners(controller.signal)).toBe(2)
    remove()
    expect(listeners(controller.signal)).toBe(1)
    controller.abort()
    expect(aborted).toBe(1)
  })

  it('are not added to a signal that is aborted, or absent', () => {
    const signal = AbortSignal.abort()
    expect(onAbort(signal, () => {})()).toBeUndefined()
    expect(onAbort(undefined, () => {})()).toBeUndefined()
    expect(listeners(signal)).toBe(0)
  })
})
