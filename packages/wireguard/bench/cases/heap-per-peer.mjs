import { needsWireGuardGo } from '../needs.mjs'
import { PEERS } from '../sample.mjs'
import { runSubject } from '../subject.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const heapPerPeer = [
  {
    name: 'heap-per-peer',
    title: 'memory that a device of 10,000 peers keeps, per peer, on the heap and outside of it',
    aim: { by: 'value', atMost: 900 },
    needs: [needsWireGuardGo],
    run: async (fixtures) => {
      const name = await fixtures.largeDevice()
      const runs = []
      for (let i = 0; i < 3; i++) runs.push(await runSubject('hold-device.mjs', name))
      const { heap, external } = runs[0]
      return {
        unit: 'bytes',
        ours: runs.map((run) => (run.heap + run.external) / PEERS),
        note: `of these ${Math.round(heap / PEERS)} bytes on the heap, ${Math.round(external / PEERS)} outside (array buffers)`,
      }
    },
  },
  {
    name: 'heap-per-peer-kernel',
    title: 'the same for a kernel device (replayed)',
    aim: { by: 'value', atMost: 700, stretch: 600 },
    needs: [],
    run: async () => ({ unit: 'bytes', ours: (await replayed()).map(({ perPeer }) => perPeer) }),
  },
  {
    name: 'heap-per-key',
    title: 'memory that one kept key per datagram of a stream keeps, per datagram (20 KB of text)',
    aim: { by: 'value', atMost: 200 },
    needs: [],
    run: async () => ({
      unit: 'bytes',
      ours: (await replayed()).map(({ perDatagram }) => perDatagram),
    }),
  },
]

/** @type {Promise<{ perPeer: number, perDatagram: number }[]> | undefined} */
let runs

/** Runs the measurement in three processes. */
function replayed() {
  return (runs ??= Promise.all([1, 2, 3].map(() => runSubject('hold-replayed.mjs'))))
}
