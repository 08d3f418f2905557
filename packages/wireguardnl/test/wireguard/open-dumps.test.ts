import { describe, expect, it } from '@jest/globals'
import { OpenDumps } from '../../src/wireguard/open-dumps.js'
import { deferred } from '../support/deferred.js'

/** Adds a dump; what it says when it is ended. */
function add(dumps: OpenDumps, log: string[], namespace: string, index: number) {
  return dumps.add({
    namespace,
    index,
    end: async () => {
      log.push(`${namespace} ${index}`)
    },
  })
}

describe('the open dumps', () => {
  it('of an interface are ended, and no others', async () => {
    const dumps = new OpenDumps()
    const log: string[] = []
    for (const namespace of ['a', 'b'])
      for (const index of [1, 2, 1]) add(dumps, log, namespace, index)
    await dumps.end('a', 1)
    expect(log).toEqual(['a 1', 'a 1'])
  })

  it('that are over are not ended', async () => {
    const dumps = new OpenDumps()
    const log: string[] = []
    add(dumps, log, 'a', 1)!()
    await dumps.end('a', 1)
    expect(log).toEqual([])
  })

  it('do not begin until the deletion is over', async () => {
    const dumps = new OpenDumps()
    const first = await dumps.end('a', 1)
    const second = await dumps.end('a', 1)
    first()
    expect(add(dumps, [], 'a', 1)).toBeUndefined()
    expect(add(dumps, [], 'a', 2)).toBeDefined()
    expect(add(dumps, [], 'b', 1)).toBeDefined()
    second()
    expect(add(dumps, [], 'a', 1)).toBeDefined()
  })

  it('are waited for', async () => {
    const dumps = new OpenDumps()
    const closing = deferred()
    dumps.add({ namespace: 'a', index: 1, end: () => closing.promise })
    let ended = false
    const end = dumps.end('a', 1).then(() => (ended = true))
    await Promise.resolve()
    expect(ended).toBe(false)
    closing.resolve()
    await end
    expect(ended).toBe(true)
  })
})
