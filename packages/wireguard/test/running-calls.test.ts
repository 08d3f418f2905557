import { once } from 'node:events'
import { describe, expect, it } from '@jest/globals'
import { type CallOptions, WireGuardError } from 'wireguardcfg'
import { RunningCalls } from '../src/running-calls.js'

/** A step that ends when its signal is aborted, with what it rolled back as the hint. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw new WireGuardError('aborted', { code: 'ABORT_ERR', hint: 'Rolled back' })
}

describe('a call of several steps', () => {
  it('ends after the time of the whole call, and says so', async () => {
    const calls = new RunningCalls()
    await expect(
      calls.run('create device', 'wg0', { timeout: 5 }, untilAborted),
    ).rejects.toMatchObject({
      name: 'WireGuardError',
      code: 'ETIMEDOUT',
      message: 'create device "wg0": not finished after 5 ms. Rolled back',
    })
  })

  it.each<[string, unknown]>([
    ['timeout', { timeout: '5' }],
    ['idleTimeout', { idleTimeout: Number.NaN }],
    ['signal', { signal: {} }],
    ['options', null],
  ])('is refused before its first step: %s', async (name, options) => {
    let steps = 0
    const step = () => Promise.resolve(++steps)
    const call = new RunningCalls().run('delete device', 'wg0', options as CallOptions, step)
    await expect(call).rejects.toMatchObject({
      code: 'EINVAL',
      device: 'wg0',
      message: expect.stringContaining(name),
    })
    expect(steps).toBe(0)
  })
})
