import { expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { tryLockFile } from '../src/index.js'

it('locks a file until its descriptor is closed, also against other processes', async () => {
  await using directory = await temporaryDirectory()
  const path = `${directory.path}/lock`
  const [first, second] = [openSync(path, 'w'), openSync(path, 'w')]
  const isFree = () => spawnSync('flock', ['-n', path, 'true']).status === 0
  expect(tryLockFile(first)).toBe(true)
  expect(tryLockFile(first)).toBe(true)
  expect(tryLockFile(second)).toBe(false)
  expect(isFree()).toBe(false)
  closeSync(first)
  expect(isFree()).toBe(true)
  expect(tryLockFile(second)).toBe(true)
  closeSync(second)
  expect(() => tryLockFile(second)).toThrow(
    expect.objectContaining({ code: 'EBADF', operation: 'lock file' }),
  )
})
