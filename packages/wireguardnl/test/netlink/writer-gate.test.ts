import { describe, expect, it } from '@jest/globals'
import { exchangeDeadline } from '../../src/netlink/deadline.js'
import { NetlinkError } from '../../src/netlink/errors.js'
import { nextTurn } from 'wireguardcfg/internal'
import { WriterGate } from '../../src/netlink/writer-gate.js'
import { deferred } from '../../../../test-fixtures/deferred.js'

const deadline = () => exchangeDeadline({ idleTimeout: 0, timeout: 0 })

describe('WriterGate', () => {
  it('is open without a write', () => {
    expect(new WriterGate().writing).toBeUndefined()
  })

  it('is closed from the beginning of a write to its end', async () => {
    const gate = new WriterGate()
    const write = deferred()
    const run = gate.run(deadline(), 'write', () => write.promise)
    await nextTurn()
    const { writing } = gate
    expect(writing).toBeInstanceOf(Promise)
    write.resolve()
    await writing
    await run
    expect(gate.writing).toBeUndefined()
  })

  it('opens again after a write that failed, and rejects with its error', async () => {
    const gate = new WriterGate()
    const error = new Error('no')
    await expect(gate.run(deadline(), 'write', () => Promise.reject(error))).rejects.toBe(error)
    expect(gate.writing).toBeUndefined()
    await expect(gate.run(deadline(), 'write', () => Promise.resolve(7))).resolves.toBe(7)
  })

  it('opens again after a write that throws at once', async () => {
    const gate = new WriterGate()
    await expect(
      gate.run(deadline(), 'write', () => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await gate.run(deadline(), 'write', () => Promise.resolve(7))).toBe(7)
  })

  it('lets the waiting exchanges run between two writes', async () => {
    const gate = new WriterGate()
    const first = deferred()
    const order: string[] = []
    const write = (name: string, end: Promise<void>) =>
      gate.run(deadline(), 'write', async () => {
        order.push(`${name} begins`)
        await end
        order.push(`${name} ends`)
      })
    const read = async () => {
      while (gate.writing !== undefined) {
        await gate.writing
        // Some microtasks later, as after the waits of a connection.
        for (let tick = 0; tick < 20; tick += 1) await Promise.resolve()
      }
      order.push('a reader reads')
    }
    const writes = [write('one', first.promise), write('two', nextTurn())]
    await nextTurn()
    const reads = [read(), read()]
    await nextTurn()
    expect(order).toEqual(['one begins'])
    first.resolve()
    await Promise.all([...writes, ...reads])
    expect(order).toEqual([
      'one begins',
      'one ends',
      'a reader reads',
      'a reader reads',
      'two begins',
      'two ends',
    ])
  })

  it('never runs a write whose deadline fails before its turn, and runs the next', async () => {
    const gate = new WriterGate()
    const first = deferred()
    const aborted = deadline()
    const write = gate.run(deadline(), 'write', () => first.promise)
    let ran = false
    const never = gate.run(aborted, 'write', async () => {
      ran = true
    })
    aborted.fail(new NetlinkError('enough', { code: 'ABORT_ERR', kind: 'call', operation: 'test' }))
    await expect(never).rejects.toMatchObject({ code: 'ABORT_ERR' })
    first.resolve()
    await write
    await expect(gate.run(deadline(), 'write', () => Promise.resolve(7))).resolves.toBe(7)
    expect(ran).toBe(false)
  })
})
