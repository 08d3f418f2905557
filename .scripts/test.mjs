// npm test: installs, builds, type-checks and runs every suite; npm run test:kernel runs those of
// real kernels alone. Arguments after `--` go to jest. WIREGUARD_TEST_REQUIRE=all installs what is
// missing and allows no skipped test.
import { ensureInstalled } from './install.mjs'
import { runJest } from './jest.mjs'
import { NO_KERNEL_TESTS, planKernelTests, runKernelTests } from './kernel-tests.mjs'
import { npm, runQuietly } from './process.mjs'
import { provision } from './provision.mjs'
import { Summary } from './summary.mjs'
import { missingMachineTools } from './tools.mjs'

const requireAll = process.env.WIREGUARD_TEST_REQUIRE === 'all'
const kernelOnly = process.argv[2] === '--kernel'
const args = process.argv.slice(kernelOnly ? 3 : 2)

await ensureInstalled()
for (const script of ['build', 'check']) {
  const status = await runQuietly(npm('run', '--silent', script))
  if (status !== 0) process.exit(status)
}
if (requireAll) await provision()

const summary = new Summary()
const plan = await planKernelTests(args, { fetch: kernelOnly || requireAll })
if (kernelOnly && plan === undefined) {
  const packages = missingMachineTools().map((missing) => missing.package)
  const install = packages.length > 0 ? ` apt-get install ${packages.join(' ')}, or` : ''
  process.stderr.write(
    `no kernel test can run here:${install} as root on Debian 12: WIREGUARD_TEST_REQUIRE=all npm run test:kernel\n`,
  )
  process.exit(1)
}
if (!kernelOnly) summary.add(await runJest(args, { extra: plan ? NO_KERNEL_TESTS : [] }))
if (plan) await runKernelTests(plan, args, summary)
process.exitCode = summary.print({ requireAll })
