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
  {
    name: 'watch-round',
    title: 'processor time of one look of watch at 100 kernel devices of 100 peers (replayed)',
    aim: { by: 'value', atMost: 4 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: await runSubject('watch.mjs', 100, 100, 0, 'cpu') }),
  },
  {
    name: 'watch-turn',
    title:
      'longest turn of the event loop in a look of watch at 100,000 kernel peers (replayed), of which 5 % have other counters',
    aim: { by: 'value', atMost: 6 },
    needs: [],
    run: async () => ({ unit: 'ms', ours: await runSubject('watch.mjs', 1, 100_000, 20, 'turns') }),
  },
  {
    name: 'poll-garbage',
    title: 'garbage of a poll of 10,000 unchanged kernel peers (replayed), as watch reads them',
    aim: { by: 'value', atMost: 65_536 },
    needs: [],
    run: async () => ({ unit: 'bytes', ours: (await garbage()).unchanged }),
  },
  {
    name: 'poll-garbage-changed',
    title: 'the same, when the counters of 5 % of the peers have changed',
    aim: { by: 'value', atMost: 1_200_000 },
    needs: [],
    run: async () => ({ unit: 'bytes', ours: (await garbage()).changed }),
  },
]

/** @type {Promise<{ unchanged: number[], changed: number[] }> | undefined} */
let allocated

function garbage() {
  return (allocated ??= runSubject('poll-changes.mjs'))
}

/** @type {Promise<{ rounds: number[], growth: number }> | undefined} */
let measured

function measure() {
  return (measured ??= runSubject('poll.mjs'))
}
