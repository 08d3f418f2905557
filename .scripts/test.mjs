// npm test: installs, builds, checks the types and runs every suite; arguments after `--` go to
// jest. npm run test:full runs more and longer, npm run test:kernel runs packages/*/test/kernel
// alone. Those suites need WireGuard in the kernel: they run in a network namespace if the running
// kernel has it, and in virtual machines with the kernels that .ci/provision fetched. A plain npm
// test divides them among these kernels; the others, and npm test with arguments, run them on all.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { KERNELS, prepareMachine, runInMachine } from './kernel-vm.mjs'
import { ROOT, run } from './process.mjs'

/** @import { Outcome } from './reporter.mjs' */

const tier = /^--(full|kernel)$/.exec(process.argv[2] ?? '')?.[1]
if (tier === 'full') process.env.WIREGUARD_TEST_FULL = '1'
const full = process.env.WIREGUARD_TEST_FULL === '1'
const requireAll = process.env.WIREGUARD_TEST_REQUIRE === 'all'

const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...process.argv.slice(tier === undefined ? 2 : 3),
  '--reporters=default',
  '--reporters=<rootDir>/.scripts/reporter.mjs',
]
// For slow runs: full property tests, and Node in an emulated machine.
const PATIENCE = '--testTimeout=120000'
// Tests wait more than they work, so that even two processors are worth two workers.
const WORKERS = process.argv.some((argument) =>
  /^(?:-i|-w|--runInBand|--maxWorkers)/.test(argument),
)
  ? []
  : [`--maxWorkers=${Math.max(2, availableParallelism() - 1)}`]
const FULL = ['--testMatch=<rootDir>/packages/*/test/**/*.test.ts', PATIENCE]
// A plain npm test runs each suite on the oldest or on the newest kernel: what is about messages on
// the newest, where they are checked strictly, and what works with whole interfaces on the oldest.
// The few that tell the kernels apart run on all of them.
const ON_NEWEST = ['wireguardnl/test/kernel/(?!vm)', 'wireguard/test/kernel/(?:cli|contract)']
const ON_OLDEST = ['wireguard/test/kernel/(?!cli|contract|capabilities|facade)']
const ON_BOTH_ENDS = ['test/kernel/(?!vm|capabilities|facade)']
const WITHOUT_KERNEL = ['--testPathIgnorePatterns=/test/kernel/', '--passWithNoTests']
const KERNEL = ['--testMatch=<rootDir>/packages/*/test/kernel/**/*.test.ts', '--runInBand']
if (!full) KERNEL.push('--testMatch=!**/*.full.test.ts')
const PROVISION = 'as root on Debian 12, .ci/provision installs what is missing'

// The only thing that may be missing: it comes from a suite that changes every day.
const OPTIONAL = 'newest'
const NEWEST = "the newest kernel, of Debian's development suite, could not be fetched or booted"

/** @type {string[]} */
const notes = []
/** @type {Outcome[]} */
const outcomes = []
/** @type {string[]} */
const problems = []
let exitStatus = 0

if ((await succeeds('build')) && (await succeeds('check'))) await runSuites()
if (outcomes.length > 0) printSum()
process.exitCode = exitStatus

/** @param {string} script of package.json */
async function succeeds(script) {
  const status = await run(['npm', 'run', '--silent', script])
  if (status !== 0) fail(`npm run ${script} failed`)
  return status === 0
}

async function runSuites() {
  const wanted = listsKernelTests()
  const natively = wanted && canRunNatively()
  const kernels = wanted ? await bootableKernels() : []
  const separately = natively || kernels.length > 0
  if (tier !== 'kernel') {
    await runJest([
      ...JEST,
      ...WORKERS,
      ...(full ? FULL : []),
      ...(separately ? WITHOUT_KERNEL : []),
    ])
    if (outcomes.length === 0) return // for example with --listTests
  } else if (!separately) {
    fail(`no kernel with WireGuard, and none to boot: ${PROVISION}`)
  }
  if (natively) {
    const namespace = ['unshare', '-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh']
    await runJest([...namespace, ...JEST, ...KERNEL])
  }
  // Coverage would only be measured again.
  const guestJest = JEST.filter((argument) => !/^--(coverage|collectCoverage)/.test(argument))
  const runOn = (kernel, ignored = []) =>
    runJest([...guestJest, ...KERNEL, PATIENCE, ...ignored.map(ignore)], kernel)
  if (process.argv.length > 2 || full || kernels.length < 2) {
    // Two processors are enough for two machines.
    const [first, second, ...others] = kernels
    await Promise.all(
      [first, second].flatMap((kernel) => (kernel === undefined ? [] : runOn(kernel))),
    )
    for (const kernel of others) await runOn(kernel)
    return
  }
  const [oldest, newest, ...others] = [kernels[0], kernels.at(-1), ...kernels.slice(1, -1)]
  await Promise.all([runOn(oldest, ON_NEWEST), runOn(newest, ON_OLDEST)])
  for (const kernel of others) await runOn(kernel, ON_BOTH_ENDS)
}

/** @param {string} pattern */
function ignore(pattern) {
  return `--testPathIgnorePatterns=${pattern}`
}

/** Whether the arguments select any of these tests. */
function listsKernelTests() {
  const [node, ...list] = [...JEST, ...KERNEL, '--listTests']
  return spawnSync(node, list, { cwd: ROOT, encoding: 'utf8' }).stdout.includes('/test/kernel/')
}

/** Asks what test-fixtures/require.ts asks. */
function canRunNatively() {
  if (process.platform !== 'linux') return false
  const command = ['-n', 'ip', 'link', 'add', 'wg0', 'type', 'wireguard']
  return spawnSync('unshare', command, { stdio: 'ignore' }).status === 0
}

async function bootableKernels() {
  const bootable = []
  for (const kernel of KERNELS) {
    if (await prepareMachine(kernel)) bootable.push(kernel)
    else if (kernel === OPTIONAL) notes.push(`not tried: ${NEWEST}`)
    else if (requireAll) fail(`Linux ${kernel} cannot be booted here: ${PROVISION}`)
  }
  return bootable
}

/**
 * @param {readonly string[]} command
 * @param {string} [kernel] of the virtual machine in which it runs; without: here
 */
async function runJest(command, kernel) {
  const folder = mkdtempSync(join(tmpdir(), 'wireguard-test-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'outcome.json')
  const status =
    kernel === undefined
      ? await run(command, { env: { WIREGUARD_TEST_OUTCOME: file } })
      : await runInMachine(kernel, command, { folder, seconds: full ? 7200 : 1500 })
  exitStatus ||= status
  if (existsSync(file)) outcomes.push(JSON.parse(readFileSync(file, 'utf8')))
  else if (kernel !== undefined) fail(`jest left no results on Linux ${kernel}`)
  else if (status !== 0) fail('jest ran no tests')
}

/** @param {string} problem */
function fail(problem) {
  problems.push(problem)
  outcomes.push({ passed: 0, failed: 1, skipped: {} })
}

function printSum() {
  let [passed, failed, skipped] = [0, 0, 0]
  /** @type {Map<string, number>} */
  const reasons = new Map()
  for (const outcome of outcomes) {
    passed += outcome.passed
    failed += outcome.failed
    for (const [reason, count] of Object.entries(outcome.skipped)) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + count)
      if (requireAll) failed += count
      else skipped += count
    }
  }
  const verb = requireAll
    ? 'failed, because WIREGUARD_TEST_REQUIRE=all allows no skip:'
    : 'skipped:'
  console.log()
  for (const note of notes) console.log(note)
  for (const problem of problems) console.log(`1 failed: ${problem}`)
  for (const [reason, count] of reasons) console.log(`${count} ${verb} ${reason}`)
  if (failed > 0) exitStatus ||= 1
  console.log(`Tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
}
