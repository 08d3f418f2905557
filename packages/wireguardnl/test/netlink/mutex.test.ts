import { expect, it } from '@jest/globals'
import { Mutex } from '../../src/netlink/mutex.js'
import { nextTurn } from '../../src/netlink/yield.js'

it('lets one in at a time, in the order of asking', async () => {
  const mutex = new Mutex()
  const order: string[] = []
  const hold = async (name: string) => {
    const release = await mutex.acquire()
    order.push(`${name} in`)
    await nextTurn()
    order.push(`${name} out`)
    release()
    release()
  }
  await Promise.all([hold('a'), hold('b'), hold('c')])
  expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
})
