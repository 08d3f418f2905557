import { expect, it } from '@jest/globals'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../test-fixtures/command.js'

it('the bench loads everything that it measures', async () => {
  const bench = fileURLToPath(new URL('../bench/main.mjs', import.meta.url))
  const { stdout, ...ended } = await runCommand([process.execPath, bench, '--help'])
  expect(ended).toStrictEqual({ stderr: '', code: 0 })
  expect(stdout).toContain('decode')
})
