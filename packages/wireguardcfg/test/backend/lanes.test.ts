import { describe, expect, it } from '@jest/globals'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { Call } from '../../src/backend/call.js'
import { Lanes } from '../../src/backend/lanes.js'
import { invalid } from '../../src/model/errors.js'

/** A step that ends when the test says so. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open!: () => void
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

function call(idleTimeout = 10_000): Call {
  return new Call({ operation: 'configure device', device: 'wg0' }, { idleTimeout })
}

describe('a lane', () => {
  it('runs one step at a time, in the order of the calls', async () => {
    const lanes = new Lanes()
    const log: string[] = []
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        using current = call()
        await lanes.run('wg0', current, async () => {
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

  it('waits for no other lane', async () => {
    const lanes = new Lanes()
    const { open, opened } = gate()
    using first = call()
    using second = call()
    const slow = lanes.run('wg0', first, () => opened)
    await expect(lanes.run('wg1', second, () => Promise.resolve(7))).resolves.toBe(7)
    open()
    await slow
  })

  it('goes on after a step that failed, and hands its error on', async () => {
    const lanes = new Lanes()
    using first = call()
    using second = call()
    const error = invalid('no')
    const failing = lanes.run('wg0', first, () => Promise.reject(error))
    const next = lanes.run('wg0', second, () => Promise.resolve('next'))
    await expect(failing).rejects.toBe(error)
    await expect(next).resolves.toBe('next')
  })

  it('leaves out a call that failed while it waited, and never runs its step', async () => {
    const lanes = new Lanes()
    const { open, opened } = gate()
    const ran: number[] = []
    const calls = [call(), call(), call()]
    const runs = calls.map((current, i) =>
      lanes.run('wg0', current, () => {
        ran.push(i)
        return i === 0 ? opened : Promise.resolve()
      }),
    )
    const results = Promise.allSettled(runs)
    await turn()
    calls[1]!.fail(invalid('changed my mind'))
    await expect(runs[1]).rejects.toThrow('changed my mind')
    open()
    expect((await results).map(({ status }) => status)).toStrictEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(ran).toStrictEqual([0, 2])
    for (const current of calls) current[Symbol.dispose]()
  })

  // The turn and the failure come in one moment, in both orders.
  it.each(['before', 'after'])(
    'hands the turn on when a call fails %s getting it',
    async (order) => {
      const lanes = new Lanes()
      const { open, opened } = gate()
      using first = call()
      using second = call()
      using third = call()
      const running = lanes.run('wg0', first, () => opened)
      const waiting = lanes.run('wg0', second, () => Promise.resolve()).catch(() => 'failed')
      const last = lanes.run('wg0', third, () => Promise.resolve('last'))
      await turn()
      const fail = (): void => second.fail(invalid('now'))
      if (order === 'before') fail()
      open()
      if (order === 'after') {
        for (let i = 0; i < 5; i++) await Promise.resolve()
        fail()
      }
      await Promise.all([running, waiting])
      await expect(last).resolves.toBe('last')
      using again = call()
      await expect(lanes.run('wg0', again, () => Promise.resolve('again'))).resolves.toBe('again')
    },
  )

  it('is left at every moment in which a waiting call can fail', async () => {
    for (let moment = 0; moment < 30; moment++) {
      const lanes = new Lanes()
      using first = call()
      using second = call()
      using third = call()
      const running = lanes.run('wg0', first, async () => {})
      const waiting = lanes.run('wg0', second, async () => {}).catch(() => {})
      const last = lanes.run('wg0', third, () => Promise.resolve('last'))
      for (let i = 0; i < moment; i++) await Promise.resolve()
      second.fail(invalid('now'))
      await Promise.all([running, waiting])
      await expect(last).resolves.toBe('last')
    }
  })

  it('lets a waiting call time out when the running one makes no progress', async () => {
    const lanes = new Lanes()
    const { open, opened } = gate()
    using first = call()
    using second = call(30)
    const running = lanes.run('wg0', first, () => opened)
    await expect(lanes.run('wg0', second, () => Promise.resolve())).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    open()
    await running
  })

  it('keeps those who wait alive while the running one makes progress', async () => {
    const lanes = new Lanes()
    using first = call()
    using second = call(400)
    const running = lanes.run('wg0', first, async (touch) => {
      for (let i = 0; i < 10; i++) {
        await sleep(60)
        touch()
      }
    })
    await expect(lanes.run('wg0', second, () => Promise.resolve('waited'))).resolves.toBe('waited')
    await running
  })
})
