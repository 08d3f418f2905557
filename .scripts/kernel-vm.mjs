import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { JEST, readResults } from './jest.mjs'
import { ROOT, finished, temporaryFolder } from './process.mjs'

/** @import { JestResults, Outcome } from './jest.mjs' */

/** Debian 12's own kernel, and its newest: an old and a new state of the WireGuard module. */
export const KERNELS = ['6.1', '6.12']

const KERNELVM = join(ROOT, 'test-fixtures', 'vm', 'kernelvm')
/**
 * Seconds for one machine, boot and tests together; the whole of npm test is to stay under 20
 * minutes.
 */
const LIMIT = 1500
/** Node is about ten times slower in an emulated machine. Milliseconds. */
const TEST_TIMEOUT = 120_000

/** @returns {string[]} which kernels are in the cache; the place is kernelvm's */
export function preparedKernels() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = process.env.KERNELVM_CACHE || join(cache, 'kernelvm')
  return KERNELS.filter((kernel) => existsSync(join(folder, kernel, 'boot')))
}

/**
 * @param {string} kernel
 * @returns {string[]} the command that fetches a kernel unless it is there
 */
export function prepareKernel(kernel) {
  return [KERNELVM, '-k', kernel, '-p']
}

/**
 * Runs jest in a machine of its own; its output comes through line by line, each with the kernel in
 * front.
 * @param {string} kernel
 * @param {readonly string[]} args for jest
 * @returns {Promise<Outcome>} a machine that left no results counts as one failure
 */
export async function runJestInVM(kernel, args) {
  const out = temporaryFolder()
  const jest = [...JEST, ...args, '--runInBand', `--testTimeout=${TEST_TIMEOUT}`]
  const json = ['--json', '--outputFile=/mnt/results.json']
  // setpriv: should this process be killed outright, the machine goes too.
  const machine = ['--pdeathsig', 'TERM', KERNELVM, '-k', kernel, '-t', String(LIMIT), '--']
  const child = spawn('setpriv', [...machine, ...jest, ...json], {
    cwd: ROOT,
    env: { ...process.env, KERNELVM_OUT: out, WIREGUARD_TEST_VM: kernel },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    const lines = createInterface({ input: stream })
    lines.on('line', (line) => process.stderr.write(`${kernel} | ${line}\n`))
  }
  const status = await finished(child)
  return { status, results: readResults(join(out, 'results.json')) ?? NO_RESULTS }
}

/** @type {JestResults} */
const NO_RESULTS = {
  numPassedTests: 0,
  numFailedTests: 1,
  numRuntimeErrorTestSuites: 0,
  testResults: [],
}
