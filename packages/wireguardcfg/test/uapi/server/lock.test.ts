import { describe, expect, it } from '@jest/globals'
import { turns } from '../../../../../test-fixtures/wait.js'
import { ReadWriteLock } from '../../../src/uapi/server/lock.js'

describe('ReadWriteLock', () => {
  it('runs readers side by side, a writer alone, and readers after a writer that waits', async () => {
    const lock = new ReadWriteLock()
    const events: string[] = []
    const gates = new Map<string, () => void>()
    const work = (name: string) => async (): Promise<void> => {
      events.push(`+${name}`)
      await new Promise<void>((resolve) => gates.set(name, resolve))
      events.push(`-${name}`)
    }
    const open = async (name: string): Promise<void> => {
      gates.get(name)?.()
      await turns()
    }
    const all = [
      lock.read(work('a')),
      lock.read(work('b')),
      lock.write(work('c')),
      lock.read(work('d')),
    ]
    await open('none')
    for (const name of ['a', 'b', 'c', 'd']) await open(name)
    await Promise.all(all)
    expect(events).toEqual(['+a', '+b', '-a', '-b', '+c', '-c', '+d', '-d'])
  })

  it('is free again after work that failed', async () => {
    const lock = new ReadWriteLock()
    await expect(lock.write(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(lock.read(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await lock.write(() => Promise.resolve(1))).toBe(1)
  })
})
