// npm run bench [-- [filter] [--json]]. Every case is measured in turns with its reference, so that
// the speed and the load of the machine affect both. A slow machine does not make the run fail: a
// missed aim is printed, and the exit status is 1 only for cases that threw an error. Results of
// earlier work are kept in history/.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { decode } from './cases/decode.mjs'
import { configureDevice } from './cases/configure-device.mjs'
import { heapPerPeer } from './cases/heap-per-peer.mjs'
import { kernel } from './cases/kernel.mjs'
import { metrics } from './cases/metrics.mjs'
import { poll } from './cases/poll.mjs'
import { readDevice } from './cases/read-device.mjs'
import { applyConf } from './cases/apply-conf.mjs'
import { stall } from './cases/stall.mjs'
import { startUp } from './cases/start-up.mjs'
import { Fixtures } from './fixtures.mjs'
import { runKernelCases } from './kernel-run.mjs'
import { machine } from './machine.mjs'
import { evaluate, formatTable } from './report.mjs'

/** @type {readonly import('./case.d.ts').Case[]} */
const CASES = [
  ...kernel,
  ...decode,
  ...stall,
  ...poll,
  ...metrics,
  ...readDevice,
  ...applyConf,
  ...configureDevice,
  ...heapPerPeer,
  ...startUp,
]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
    // The file for the results. kernel-run.mjs sets it when it starts this program where the kernel
    // has WireGuard.
    'kernel-results': { type: 'string' },
  },
})
if (values.help) {
  console.log('npm run bench [-- [part of a case name] [--json]]\n')
  for (const { name, title } of CASES) console.log(`${name.padEnd(20)} ${title}`)
  process.exit(0)
}

const filter = positionals[0] ?? ''
const chosen = CASES.filter(({ name }) => name.includes(filter))
if (chosen.length === 0) {
  console.error(`no case has "${filter}" in its name: ${CASES.map(({ name }) => name).join(', ')}`)
  process.exit(1)
}

const resultsFile = values['kernel-results']
const ours = chosen.filter(({ inKernel = false }) => inKernel === (resultsFile !== undefined))
const results = []
if (resultsFile === undefined) {
  results.push(
    ...(await runKernelCases(
      chosen.filter(({ inKernel }) => inKernel),
      filter,
    )),
  )
}
const fixtures = new Fixtures()
try {
  for (const chosenCase of ours) results.push(await runCase(chosenCase))
} finally {
  await fixtures.close()
}
if (resultsFile !== undefined) {
  writeFileSync(resultsFile, JSON.stringify(results))
  // The end of the namespace or the machine deletes the interfaces.
  process.exit(0)
}
const report = { date: new Date().toISOString(), machine: machine(), results }
console.log(values.json ? JSON.stringify(report, undefined, 2) : formatTable(report))
process.exitCode = results.some(({ failed }) => failed !== undefined) ? 1 : 0

/**
 * @param {import('./case.d.ts').Case} subject
 * @returns {Promise<import('./case.d.ts').Result>}
 */
async function runCase({ name, title, aim, needs, run }) {
  const skipped = needs.map((need) => need()).find((reason) => reason !== undefined)
  if (skipped !== undefined) return { name, title, aim, skipped }
  console.error(`${title} ...`)
  try {
    return evaluate({ name, title, aim }, await run(fixtures))
  } catch (error) {
    console.error(error)
    return { name, title, aim, failed: String(error) }
  }
}
