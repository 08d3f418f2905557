import { runSubject } from '../subject.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const poll = [
  {
    name: 'poll',
    title: 'processor time of reading 100 devices of 100 peers of the kernel (replayed) once',
    // Every second: 2 % of a core.
    aim: { by: 'value', atMost: 20, stretch: 10 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: (await measure()).rounds }),
  },
  {
    name: 'poll-heap',
    title: 'what the heap grows by in 900 such rounds, after 100',
    aim: { by: 'value', atMost: 100_000 },
    needs: [],
    run: async () => ({ unit: 'bytes', ours: [(await measure()).growth] }),
  },
]

/** @type {Promise<{ rounds: number[], growth: number }> | undefined} */
let measured

function measure() {
  return (measured ??= runSubject('poll.mjs'))
}
