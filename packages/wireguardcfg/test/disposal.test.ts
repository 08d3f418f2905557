// What jest reports must hold the cause. Without jest-setup.ts it says "_SuppressedError is not
// defined".
import { expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../test-fixtures/command.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

it('a failing test reports its cause, even when a disposal fails after it', async () => {
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--rootDir', ROOT]
  const fixture = '--testMatch=<rootDir>/test-fixtures/failing/disposal.ts'
  const { stderr, code } = await runCommand(
    // With CI in the environment, jest colours its code frames.
    ['env', '-C', ROOT, '-u', 'FORCE_COLOR', 'NO_COLOR=1', process.execPath, ...jest, fixture],
    { timeout: 120_000 },
  )
  expect(stderr).toMatch(/^ +the test failed with object$/m)
  expect(stderr).toMatch(/^ +> +\d+ \| +throw new Error/m)
  expect(stderr).toMatch(/^ +the disposal failed$/m)
  expect(code).toBe(1)
}, 120_000)
