import { accessSync } from 'node:fs'
import { prepareKernel, preparedKernels, KERNELS } from './kernel-vm.mjs'
import { run, runQuietly } from './process.mjs'
import { missingTools } from './tools.mjs'

const APT = { DEBIAN_FRONTEND: 'noninteractive' }

/**
 * For WIREGUARD_TEST_REQUIRE=all: installs the programs that the tests use and are not there, and
 * fetches the kernels. Says in one line what it is about to install. Ends the process when
 * something cannot be had.
 * @returns {Promise<void>}
 */
export async function provision() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    refuse('WIREGUARD_TEST_REQUIRE=all needs Linux on x86-64, whose kernels the tests boot')
  }
  const packages = missingTools().map((missing) => missing.package)
  const kernels = KERNELS.filter((kernel) => !preparedKernels().includes(kernel))
  if (packages.length > 0 || kernels.length > 0) {
    requireApt([...packages, ...kernels.map((kernel) => `the Debian kernel ${kernel}`)])
    await must(runQuietly(['apt-get', '-q', 'update'], APT))
  }
  if (packages.length > 0) {
    process.stderr.write(`installing for the tests: apt-get install ${packages.join(' ')}\n`)
    await must(
      runQuietly(['apt-get', '-q', 'install', '-y', '--no-install-recommends', ...packages], APT),
    )
  }
  const missing = missingTools()
  if (missing.length > 0) {
    refuse(`still missing after installing: ${missing.map(({ tool }) => tool).join(', ')}`)
  }
  for (const kernel of KERNELS) {
    if (kernels.includes(kernel)) process.stderr.write(`fetching the Debian kernel ${kernel}\n`)
    await must(run(prepareKernel(kernel)))
  }
}

/** @param {readonly string[]} wanted */
function requireApt(wanted) {
  const how = 'on Debian 12, as root, they are installed by themselves'
  if (process.getuid?.() !== 0) refuse(`missing and not root: ${wanted.join(', ')} (${how})`)
  try {
    accessSync('/usr/bin/apt-get')
  } catch {
    refuse(`missing and no apt-get here: ${wanted.join(', ')} (${how})`)
  }
}

/** @param {Promise<number>} status */
async function must(status) {
  const code = await status
  if (code !== 0) process.exit(code)
}

/**
 * @param {string} sentence
 * @returns {never}
 */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
