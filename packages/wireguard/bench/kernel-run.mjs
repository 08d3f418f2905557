// Runs the cases that need WireGuard in the kernel. It starts main.mjs again: in a network
// namespace if the running kernel has WireGuard, else in a virtual machine if its kernel is
// installed (.ci/provision downloads it).
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preparedKernels } from '../../../.scripts/kernel-vm.mjs'

const MAIN = fileURLToPath(new URL('main.mjs', import.meta.url))
const KERNELVM = fileURLToPath(new URL('../../../test-fixtures/vm/kernelvm', import.meta.url))
/** The newest kernel. */
const KERNEL = '6.12'
/** Seconds; the whole bench must stay under ten minutes. */
const LIMIT = 480

/**
 * @param {readonly import('./case.d.ts').Case[]} cases
 * @param {string} filter the filter that selected the cases
 * @returns {Promise<readonly import('./case.d.ts').Result[]>}
 */
export async function runKernelCases(cases, filter) {
  if (cases.length === 0) return []
  const place = findPlace()
  if (place === undefined) return cases.map((each) => outcome(each, { skipped: NEEDS }))
  const folder = mkdtempSync(join(tmpdir(), 'wireguard-bench-'))
  try {
    const file = join(place.sharedAs ?? folder, 'results.json')
    const main = [process.execPath, MAIN, filter, '--kernel-results', file]
    console.error(`in ${place.title} ...`)
    // With setpriv, it ends when this process ends, also when it is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...place.command, ...main], {
      env: { ...process.env, KERNELVM_OUT: folder },
      stdio: ['ignore', 2, 2],
    })
    const [status] = await once(child, 'exit')
    if (status !== 0) {
      return cases.map((each) => outcome(each, { failed: `${place.title} ended with ${status}` }))
    }
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'))
    return results.map((result) => ({ ...result, place: place.title }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const NEEDS = `needs a kernel with WireGuard, or ${KERNEL} in a virtual machine: run .ci/provision as root on Debian 12`

/**
 * Returns a place where the kernel has WireGuard: the command that runs a program there, and the
 * path of the results folder as that program sees it.
 */
function findPlace() {
  const add = ['-n', 'ip', 'link', 'add', 'wg0', 'type', 'wireguard']
  if (spawnSync('unshare', add, { stdio: 'ignore' }).status === 0) {
    return { title: 'a network namespace', command: ['unshare', '-n'], sharedAs: undefined }
  }
  if (process.arch !== 'x64' || !preparedKernels().includes(KERNEL)) return undefined
  return {
    title: `a virtual machine with Linux ${KERNEL}, emulated`,
    command: [KERNELVM, '-k', KERNEL, '-t', String(LIMIT), '--'],
    sharedAs: '/mnt',
  }
}

/**
 * @param {import('./case.d.ts').Case} subject
 * @param {{ skipped?: string, failed?: string }} why
 * @returns {import('./case.d.ts').Result}
 */
function outcome({ name, title, aim }, why) {
  return { name, title, aim, ...why }
}
