import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caught } from '../../../../test-fixtures/caught.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { findImplementation } from '../../src/userspace/implementation.js'

const PROGRAM = 'wireguard-go-of-this-test'

function find(path: string | undefined): string {
  return findImplementation({ PATH: path, WG_QUICK_USERSPACE_IMPLEMENTATION: PROGRAM })
}

describe('findImplementation', () => {
  let temporary: TemporaryDirectory
  let before: string
  beforeEach(async () => {
    temporary = await temporaryDirectory()
    before = process.cwd()
    process.chdir(temporary.path)
    await mkdir('bin')
    for (const directory of ['.', 'bin']) {
      await writeFile(join(directory, PROGRAM), '#!/bin/sh\n')
      await chmod(join(directory, PROGRAM), 0o755)
    }
  })
  afterEach(async () => {
    process.chdir(before)
    await temporary[Symbol.asyncDispose]()
  })

  it.each([
    ['without PATH', undefined],
    ['with an empty PATH', ''],
    ['with an empty element', ':/nonexistent:'],
    ['with the current directory', '.'],
    ['with a relative directory', 'bin:./bin:../x'],
  ])('starts no program of the current directory %s', async (_, path) => {
    await expect(caught(async () => find(path))).resolves.toMatchObject({ code: 'ENOENT' })
  })

  it('finds a program in an absolute directory after such elements', () => {
    const directory = join(temporary.path, 'bin')
    expect(find(`:.:${directory}`)).toBe(join(directory, PROGRAM))
  })

  it('finds a program in the directories of the system without PATH', () => {
    const env = { WG_QUICK_USERSPACE_IMPLEMENTATION: 'sh' }
    expect(findImplementation(env)).toMatch(/^\/.*\/sh$/)
  })
})
