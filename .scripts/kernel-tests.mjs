// The suites in packages/*/test/kernel need WireGuard in the kernel. They run in a network
// namespace when the running kernel has it (and we are root), and in virtual machines with Debian's
// kernels when the pieces are there.
import { spawnSync } from 'node:child_process'
import { JEST, runJest } from './jest.mjs'
import { KERNELS, prepareKernel, preparedKernels, runJestInVM } from './kernel-vm.mjs'
import { ROOT, runQuietly } from './process.mjs'
import { missingMachineTools } from './tools.mjs'

/** @import { Summary } from './summary.mjs' */

const ONLY_KERNEL_TESTS = '--testMatch=<rootDir>/packages/*/test/kernel/**/*.test.ts'
/** Jest's options for everything else; that may be nothing. */
export const NO_KERNEL_TESTS = ['--passWithNoTests', '--testPathIgnorePatterns=/test/kernel/']

/**
 * Where the kernel tests can run here.
 * @typedef {object} Plan
 * @property {boolean} natively
 * @property {readonly string[]} kernels those to boot
 */

/**
 * Decides where the kernel tests among those that the user asked for run.
 * @param {readonly string[]} args the user's, for jest
 * @param {{ fetch: boolean }} options fetch: get kernels that are not in the cache yet
 * @returns {Promise<Plan | undefined>} undefined: nowhere, or none was asked for; jest then skips
 * them, saying how to enable them
 */
export async function planKernelTests(args, { fetch }) {
  if (!wantsKernelTests(args)) return undefined
  const natively = canRunNatively()
  const kernels = await bootableKernels(fetch)
  return natively || kernels.length > 0 ? { natively, kernels } : undefined
}

/**
 * Runs the kernel tests in every place of the plan, the machines side by side.
 * @param {Plan} plan
 * @param {readonly string[]} args the user's, for jest
 * @param {Summary} summary
 * @returns {Promise<void>}
 */
export async function runKernelTests({ natively, kernels }, args, summary) {
  if (natively) {
    const prefix = ['unshare', '-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh']
    const extra = ['--runInBand', ONLY_KERNEL_TESTS]
    summary.add(await runJest(args, { prefix, extra }))
  }
  // What is measured natively would only be repeated there, ten times slower.
  const guestArgs = args.filter((argument) => !/^--(coverage|collectCoverage)/.test(argument))
  const machines = kernels.map((kernel) => runJestInVM(kernel, [...guestArgs, ONLY_KERNEL_TESTS]))
  for (const outcome of await Promise.all(machines)) summary.add(outcome)
}

/** @param {readonly string[]} args */
function wantsKernelTests(args) {
  const [node, ...rest] = [...JEST, ...args, '--listTests', ONLY_KERNEL_TESTS]
  const { stdout } = spawnSync(node, rest, { cwd: ROOT, encoding: 'utf8' })
  return stdout.includes('/test/kernel/')
}

/** The same question that test-fixtures/require.ts asks. */
function canRunNatively() {
  const command = ['-n', 'ip', 'link', 'add', 'wg0', 'type', 'wireguard']
  return (
    process.platform === 'linux' && spawnSync('unshare', command, { stdio: 'ignore' }).status === 0
  )
}

/**
 * @param {boolean} fetch
 * @returns {Promise<string[]>}
 */
async function bootableKernels(fetch) {
  // The guest runs this machine's own programs: the architectures must agree.
  if (process.platform !== 'linux' || process.arch !== 'x64') return []
  if (missingMachineTools().length > 0) return []
  const here = preparedKernels()
  const kernels = []
  for (const kernel of KERNELS) {
    if (!fetch && !here.includes(kernel)) continue
    // Even a kernel that is here may need a new initramfs: not twice at once, and not while its
    // tests are timed.
    if ((await runQuietly(prepareKernel(kernel))) === 0) kernels.push(kernel)
  }
  return kernels
}
