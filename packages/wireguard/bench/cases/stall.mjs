import { runSubject } from '../subject.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const stall = [
  {
    name: 'stall',
    title:
      'longest stall of the event loop during a read of 100,000 kernel peers (replayed), without garbage collection',
    aim: { by: 'value', atMost: 5, stretch: 3 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: (await longest()).own }),
  },
  {
    name: 'stall-gc',
    title: 'the same, with garbage collection',
    aim: { by: 'value', atMost: 30, stretch: 15 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: (await longest()).all }),
  },
]

/** @type {Promise<{ own: number[], all: number[] }> | undefined} */
let measured

function longest() {
  return (measured ??= runSubject('stall.mjs'))
}
