import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { needsWireGuardGo } from '../needs.mjs'
import { PEERS } from '../sample.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const heapPerPeer = [
  {
    name: 'heap-per-peer',
    title:
      'memory that a read device of 10,000 peers keeps, per peer: heap and what is outside of it',
    aim: { by: 'value', atMost: 900 },
    needs: [needsWireGuardGo],
    run: async (fixtures) => {
      const name = await fixtures.largeDevice()
      const runs = []
      for (let i = 0; i < 3; i++) runs.push(await measureOnce(name))
      const { heap, external } = runs[0]
      return {
        unit: 'bytes',
        ours: runs.map((run) => (run.heap + run.external) / PEERS),
        note: `of these ${Math.round(heap / PEERS)} bytes on the heap, ${Math.round(external / PEERS)} outside (array buffers)`,
      }
    },
  },
]

const run = promisify(execFile)
const SUBJECT = fileURLToPath(new URL('../subjects/hold-device.mjs', import.meta.url))

/**
 * In a process of its own, because here other cases have left their traces.
 *
 * @param {string} name
 * @returns {Promise<{ heap: number, external: number }>} bytes
 */
async function measureOnce(name) {
  const { stdout } = await run(process.execPath, ['--expose-gc', SUBJECT, name])
  return JSON.parse(stdout)
}
