import { runSubject } from '../subject.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const poll = [
  {
    name: 'poll',
    title: 'processor time to read 100 kernel devices of 100 peers (replayed) once',
    // With one round per second, 20 ms are 2 % of a core.
    aim: { by: 'value', atMost: 20, stretch: 10 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: (await measure()).rounds }),
  },
  {
    name: 'poll-heap',
    title: 'growth of the heap in 900 such rounds, after the first 100',
    aim: { by: 'value', atMost: 100_000 },
    needs: [],
    run: async () => ({ unit: 'bytes', ours: [(await measure()).growth] }),
  },
  {
    name: 'poll-again',
    title: 'the same as poll, with readers that know the read before, and nothing changed',
    aim: { by: 'value', atMost: 4 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: (await runSubject('poll.mjs', 'again')).rounds }),
  },
]

/** @type {Promise<{ rounds: number[], growth: number }> | undefined} */
let measured

function measure() {
  return (measured ??= runSubject('poll.mjs'))
}
