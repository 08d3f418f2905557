import { expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { callDeadline } from 'wireguardcfg/backend'
import { caught } from '../../../../../test-fixtures/caught.js'
import { temporaryDirectory } from '../../../../../test-fixtures/directory.js'
import { runCommand } from '../../../../../test-fixtures/command.js'
import { FileLock } from '../../../src/up/state/file-lock.js'
import { tryLockFile } from 'wireguardnl'

const take = (path: string, idleTimeout = 5000) => {
  const wait = callDeadline({ operation: 'test' }, { idleTimeout })
  return FileLock.take(path, (descriptor) => Promise.resolve(tryLockFile(descriptor)), wait)
}

it('locks go from one to the next, and leave no file', async () => {
  await using directory = await temporaryDirectory()
  const path = `${directory.path}/lock`
  let holders = 0
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      using _ = await take(path, 20_000)
      expect(++holders).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      holders--
    }),
  )
  expect(readdirSync(directory.path)).toEqual([])
})

it('a lock says who holds it, and ends with its process', async () => {
  await using directory = await temporaryDirectory()
  const path = `${directory.path}/lock`
  {
    using _ = await take(path)
    expect(await caught(take(path, 100))).toMatchObject({
      code: 'ETIMEDOUT',
      detail: 'this process',
    })
  }
  // flock(1) makes a file that others may read, which is refused.
  await runCommand(['flock', path, 'true'])
  expect(await caught(take(path, 100))).toMatchObject({ code: 'EPERM' })
})
