import { getEventListeners } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { onAbort } from '../../src/backend/abort.js'
import { callDeadline } from '../../src/backend/call.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { turns } from '../../../../test-fixtures/wait.js'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

async function warnings(test: () => Promise<void>): Promise<string[]> {
  const seen: string[] = []
  const note = ({ name }: Error): void => void seen.push(name)
  process.on('warning', note)
  try {
    await test()
    // Node reports a warning in the next tick.
    await turns(2)
    return seen
  } finally {
    process.off('warning', note)
  }
}

describe('onAbort', () => {
  it('adds one listener to a signal, for as long as anything waits for it', () => {
    const { signal } = new AbortController()
    const stops = Array.from({ length: 1000 }, () => onAbort(signal, () => {}))
    expect(listeners(signal)).toBe(1)
    const last = stops.pop()!
    for (const stop of stops) stop()
    expect(listeners(signal)).toBe(1)
    last()
    last()
    expect(listeners(signal)).toBe(0)
    onAbort(signal, () => {})()
    expect(listeners(signal)).toBe(0)
  })

  it('calls everything that waits, once, in order, and nothing that was removed', () => {
    const controller = new AbortController()
    const { signal } = controller
    const calls: string[] = []
    const note = (): void => void calls.push('same')
    onAbort(signal, () => calls.push('first'))
    onAbort(signal, note)
    onAbort(signal, note)
    onAbort(signal, () => stop())
    const stop = onAbort(signal, () => calls.push('removed by another'))
    onAbort(signal, () => calls.push('removed'))()
    onAbort(signal, () => calls.push('last'))
    controller.abort()
    expect(calls).toEqual(['first', 'same', 'same', 'last'])
    expect(listeners(signal)).toBe(0)
  })

  it('does nothing without a signal', () => {
    expect(onAbort(undefined, () => {})()).toBeUndefined()
  })
})

describe('ten thousand calls at once with one signal', () => {
  it('print no warning, end with an abort, and leave no listener', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const seen = await warnings(async () => {
      const calls = Array.from({ length: 10_000 }, async (_, i) => {
        using deadline = callDeadline({ operation: `read ${i}` }, { signal })
        await deadline.race(new Promise(() => {}))
      })
      const failures = Promise.all(calls.map((call) => caught(call)))
      expect(listeners(signal)).toBe(1)
      controller.abort()
      for (const error of await failures) expect(error).toMatchObject({ code: 'ABORT_ERR' })
    })
    expect(seen).toEqual([])
    expect(listeners(signal)).toBe(0)
  })
})
