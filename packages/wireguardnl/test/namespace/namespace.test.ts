import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readlinkSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import {
  type NamespaceReference,
  openNamespace,
  withinNamespace,
} from '../../src/namespace/namespace.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import {
  namespacesOfThreads,
  openDescriptors,
  withoutPrivileges,
} from '../../../../test-fixtures/process.js'
import { canMakeLinks } from '../support/requirements.js'
import { caught } from '../../../../test-fixtures/caught.js'

const here = () => readlinkSync('/proc/thread-self/ns/net')

describe('a reference to a namespace', () => {
  it.each<[unknown]>([
    [''],
    ['.'],
    ['..'],
    [0],
    [-1],
    [1.5],
    [Number.NaN],
    [undefined],
    [null],
    [{}],
    ['with a\0/NUL'],
  ])('is not %j', (reference) => {
    expect(() => openNamespace(reference as NamespaceReference)).toThrow(
      expect.objectContaining({ code: 'EINVAL', operation: 'open network namespace' }),
    )
  })
})

describeWith(canMakeLinks, 'network namespaces', () => {
  const NAME = `wgns-test-${process.pid}`
  let held: TestNamespace
  let inside: string
  let temporary: TemporaryDirectory
  let folder: string
  beforeAll(async () => {
    held = await TestNamespace.create()
    inside = readlinkSync(`/proc/${held.pid}/ns/net`)
    temporary = await temporaryDirectory()
    folder = temporary.path
  })
  afterAll(async () => {
    await held[Symbol.asyncDispose]()
    await temporary[Symbol.asyncDispose]()
  })
  // oxlint-disable jest/no-standalone-expect -- what every one of these tests is held to
  let home: string[]
  let descriptors: number
  beforeEach(() => {
    home = namespacesOfThreads()
    expect(home).toHaveLength(1)
    descriptors = openDescriptors()
  })
  afterEach(() => {
    expect(namespacesOfThreads()).toEqual(home)
    expect(openDescriptors()).toBe(descriptors)
  })
  // oxlint-enable jest/no-standalone-expect

  it('are opened by the id of a process, and by path', () => {
    const link = join(folder, 'link')
    symlinkSync(`/proc/${held.pid}/ns/net`, link)
    using byId = openNamespace(held.pid)
    using byPath = openNamespace(`/proc/${held.pid}/ns/net`)
    using byLink = openNamespace(link)
    using own = openNamespace('/proc/self/ns/net')
    for (const namespace of [byId, byPath, byLink]) {
      expect(withinNamespace(namespace, here)).toBe(inside)
      expect(namespace.id).toBe(byId.id)
      expect(namespace.id).not.toBe(own.id)
    }
    expect(byId.reference).toBe(held.pid)
  })

  it('are opened by the name that ip netns gives them', () => {
    expect(spawnSync('ip', ['netns', 'attach', NAME, String(held.pid)]).status).toBe(0)
    try {
      using namespace = openNamespace(NAME)
      expect(withinNamespace(namespace, here)).toBe(inside)
    } finally {
      spawnSync('ip', ['netns', 'delete', NAME])
    }
    expect(() => openNamespace(NAME)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  it.each<[string, NamespaceReference, string]>([
    ['a process that does not exist', 2 ** 31 - 1, 'ENOENT'],
    ['a path that does not exist', '/proc/self/ns/nope', 'ENOENT'],
    ['a path through a file', '/dev/null/ns', 'ENOENT'],
    ['a name that does not exist', 'wgns-nope', 'ENOENT'],
    ['a file', '/proc/self/status', 'EINVAL'],
    ['a folder', '/tmp', 'EINVAL'],
    ['a device', '/dev/null', 'EINVAL'],
    ['a namespace of another kind', '/proc/self/ns/mnt', 'EINVAL'],
  ])('are not %s', (_, reference, code) => {
    expect(() => openNamespace(reference)).toThrow(
      expect.objectContaining({
        code,
        operation: 'open network namespace',
        message: expect.stringContaining(JSON.stringify(String(reference))),
      }),
    )
  })

  it('are not a pipe without a writer, nor a socket', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(() => openNamespace(pipe)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    const server = createServer().listen(join(folder, 'socket'))
    await once(server, 'listening')
    try {
      expect(() => openNamespace(join(folder, 'socket'))).toThrow(
        expect.objectContaining({ code: 'EINVAL' }),
      )
    } finally {
      server.close()
      await once(server, 'close')
    }
  })

  it('are not opened without permission', async () => {
    const locked = join(folder, 'locked')
    mkdirSync(locked, { mode: 0o700 })
    symlinkSync(`/proc/${held.pid}/ns/net`, join(locked, 'ns'))
    await withoutPrivileges(async () => {
      for (const reference of [held.pid, join(locked, 'ns')]) {
        expect(await caught(() => openNamespace(reference))).toMatchObject({
          code: 'EPERM',
          hint: expect.stringContaining('CAP_SYS_PTRACE'),
        })
      }
    })
  })

  it('are not entered without permission', async () => {
    using namespace = openNamespace(held.pid)
    await withoutPrivileges(async () => {
      expect(await caught(() => withinNamespace(namespace, here))).toMatchObject({
        code: 'EPERM',
        hint: expect.stringContaining('CAP_SYS_ADMIN'),
      })
    })
    expect(withinNamespace(namespace, here)).toBe(inside)
  })

  it('are not entered when they are closed, which may be done twice', () => {
    const namespace = openNamespace(held.pid)
    namespace.close()
    namespace.close()
    expect(() => withinNamespace(namespace, here)).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    )
  })

  it('are entered one inside the other', () => {
    using namespace = openNamespace(held.pid)
    using own = openNamespace(process.pid)
    const seen = withinNamespace(namespace, () => [here(), withinNamespace(own, here), here()])
    expect(seen).toEqual([inside, home[0], inside])
  })

  it('are entered to spawn a child', async () => {
    using namespace = openNamespace(held.pid)
    const child = withinNamespace(namespace, () =>
      spawn('readlink', ['/proc/self/ns/net'], { stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await once(child, 'close')
    expect(output.trim()).toBe(inside)
  })

  it('are left after any error', () => {
    using namespace = openNamespace(held.pid)
    const failing = () =>
      withinNamespace(namespace, () => {
        throw new RangeError('inside')
      })
    expect(failing).toThrow(RangeError)
    expect(() => withinNamespace(namespace, () => Promise.resolve())).toThrow(TypeError)
  })
})
