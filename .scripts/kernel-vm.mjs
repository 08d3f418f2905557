import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ROOT, run } from './process.mjs'

/**
 * The kernel of Debian 12, its newest one, and that of Debian's development suite (`newest`), which
 * checks requests strictly and removes single allowed IPs.
 */
export const KERNELS = ['6.1', '6.12', 'newest']

/** What 20,000 peers need there, in megabytes; of the others the default is enough. */
const MEMORY = { newest: 6144 }

const KERNELVM = join(ROOT, 'test-fixtures', 'vm', 'kernelvm')

/** @returns {string[]} the kernels in the cache of kernelvm */
export function preparedKernels() {
  const cache = process.env.XDG_CACHE_HOME || `${process.env.HOME ?? homedir()}/.cache`
  const folder = process.env.KERNELVM_CACHE || join(cache, 'kernelvm')
  return KERNELS.filter((kernel) => existsSync(join(folder, kernel, 'boot')))
}

/**
 * Prepares a machine with a kernel of the cache. Prints which tools are missing for that.
 * @param {string} kernel
 * @returns {Promise<boolean>} whether it can be started
 */
export async function prepareMachine(kernel) {
  // The guest runs this machine's own programs: the architectures must agree.
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  // Even a kernel of the cache may need a new initramfs. kernelvm would download a missing kernel.
  if (!preparedKernels().includes(kernel)) return false
  return (await run([KERNELVM, '-k', kernel, '-p'])) === 0
}

/**
 * Runs jest in a machine of its own. The output comes line by line, each after the kernel.
 * @param {string} kernel
 * @param {readonly string[]} command
 * @param {{ folder: string, seconds: number }} options folder: where outcome.json goes; seconds:
 * the limit for boot and tests together
 * @returns {Promise<number>} the exit status
 */
export function runInMachine(kernel, command, { folder, seconds }) {
  const env = {
    KERNELVM_OUT: folder, // it is /mnt in the machine
    WIREGUARD_TEST_OUTCOME: '/mnt/outcome.json',
    WIREGUARD_TEST_VM: kernel,
  }
  // setpriv: should this process be killed outright, the machine goes too.
  const machine = ['setpriv', '--pdeathsig', 'TERM', KERNELVM, '-k', kernel, '-t', `${seconds}`]
  if (kernel in MEMORY) machine.push('-m', `${MEMORY[kernel]}`)
  return run([...machine, '--', ...command], { env, prefix: `${kernel} | ` })
}
