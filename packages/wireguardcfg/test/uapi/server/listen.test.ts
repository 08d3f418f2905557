import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { UapiServer } from '../../../src/server.js'
import { RawClient, startServer, testDirectory } from './raw-client.js'

describe('the socket', () => {
  it('is in the directory under its name, for its owner alone, and nothing is beside it', async () => {
    const directory = await testDirectory()
    const server = await startServer({ name: 'wg-a.1', directory })
    const stats = await lstat(server.path)
    expect(server.path).toBe(join(directory, 'wg-a.1.sock'))
    expect(stats.isSocket()).toBe(true)
    expect(stats.mode & 0o777).toBe(0o600)
    expect(stats.nlink).toBe(1)
    expect(await readdir(directory)).toEqual(['wg-a.1.sock'])
  })

  it('is 0600 with any umask', async () => {
    const umask = process.umask(0)
    try {
      const server = await startServer()
      expect((await lstat(server.path)).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(umask)
    }
  })

  it('has another mode when asked to', async () => {
    const server = await startServer({ mode: 0o660 })
    expect((await lstat(server.path)).mode & 0o777).toBe(0o660)
  })

  it('is removed by close, with the directories made for it', async () => {
    const base = await testDirectory()
    const server = await startServer({ directory: join(base, 'a', 'b') })
    expect((await lstat(join(base, 'a', 'b'))).mode & 0o777).toBe(0o755 & ~process.umask())
    await server.close()
    expect(await readdir(base)).toEqual([])
  })

  it('keeps a directory that existed before', async () => {
    const directory = await testDirectory()
    const server = await startServer({ directory })
    await server.close()
    expect(await readdir(directory)).toEqual([])
  })

  it('keeps a directory that is not empty', async () => {
    const base = await testDirectory()
    const server = await startServer({ directory: join(base, 'a', 'b') })
    await writeFile(join(base, 'a', 'other'), '')
    await server.close()
    expect(await readdir(join(base, 'a'))).toEqual(['other'])
  })

  it('keeps a file that has taken its name', async () => {
    const directory = await testDirectory()
    const server = await startServer({ directory })
    await unlink(server.path)
    await writeFile(server.path, 'mine')
    await server.close()
    expect(existsSync(server.path)).toBe(true)
  })

  it('replaces a stale one', async () => {
    const directory = await testDirectory()
    await makeStale(join(directory, 'wg0.sock'))
    const server = await startServer({ directory })
    expect(await new RawClient(server.path).ask('get=1\n\n')).toBe('errno=0\n\n')
  })
})

describe('listen refuses', () => {
  it('the name of a live socket, which is not harmed', async () => {
    const { path } = await startServer()
    const directory = join(path, '..')
    await expect(UapiServer.listen({ name: 'wg0', directory })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      operation: 'listen',
      device: 'wg0',
    })
    expect(await readdir(directory)).toEqual(['wg0.sock'])
    expect(await new RawClient(path).ask('get=1\n\n')).toBe('errno=0\n\n')
  })

  it('all but one of several calls at the same time', async () => {
    const directory = await testDirectory()
    const attempts = Array.from({ length: 8 }, () => startServer({ directory }))
    const results = await Promise.allSettled(attempts)
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason] : [],
    )
    expect(reasons).toEqual(
      Array.from({ length: 7 }, () => expect.objectContaining({ code: 'EADDRINUSE' })),
    )
    expect(await readdir(directory)).toEqual(['wg0.sock'])
  })

  it.each([
    ['a regular file', (path: string) => writeFile(path, 'mine')],
    ['a directory', (path: string) => mkdir(path)],
    ['a symbolic link', (path: string) => symlink('nowhere', path)],
  ])('the name of %s, which stays', async (_, make) => {
    const directory = await testDirectory()
    const path = join(directory, 'wg0.sock')
    await make(path)
    const before = await lstat(path)
    await expect(startServer({ directory })).rejects.toMatchObject({ code: 'EINVAL' })
    expect((await lstat(path)).ino).toBe(before.ino)
    expect(await readdir(directory)).toEqual(['wg0.sock'])
  })

  it.each(['', '..', 'a/b', '../x', 'a b', 'a\0', 'x'.repeat(16), 'wg%d'])(
    'the name %j',
    async (name) => {
      const directory = await testDirectory()
      await expect(startServer({ name, directory })).rejects.toMatchObject({ code: 'EINVAL' })
      expect(await readdir(directory)).toEqual([])
    },
  )

  it.each([-1, 0o1000, 1.5, Number.NaN])('the mode %p', async (mode) => {
    await expect(startServer({ mode })).rejects.toMatchObject({ code: 'EINVAL' })
  })

  it('a path that is too long for a socket, and leaves nothing', async () => {
    const base = await testDirectory()
    const directory = join(base, 'x'.repeat(100))
    await expect(startServer({ directory })).rejects.toMatchObject({ code: 'EINVAL' })
    expect(await readdir(base)).toEqual([])
  })

  it('a path whose only room is for a short name', async () => {
    const base = await testDirectory()
    const room =
      (process.platform === 'linux' ? 107 : 103) - base.length - '/'.length - '/a.sock'.length
    const directory = join(base, 'x'.repeat(room))
    await expect(startServer({ name: 'a', directory })).rejects.toMatchObject({ code: 'EINVAL' })
    expect(await readdir(base)).toEqual([])
    const server = await startServer({ name: 'a', directory: directory.slice(0, -3) })
    expect(await new RawClient(server.path).ask('get=1\n\n')).toBe('errno=0\n\n')
  })

  it('a directory that is a file', async () => {
    const base = await testDirectory()
    await writeFile(join(base, 'file'), '')
    await expect(startServer({ directory: join(base, 'file') })).rejects.toMatchObject({
      name: 'WireGuardError',
      code: 'EEXIST',
    })
  })
})

describe('a directory that cannot be used is refused, and nothing is left', () => {
  it.each<[string, (base: string) => Promise<string>, string]>([
    ['below /proc', () => Promise.resolve('/proc/wireguard'), 'ENOENT'],
    ['deep below /proc', () => Promise.resolve('/proc/self/wireguard/a'), 'ENOENT'],
    ['below /sys', () => Promise.resolve('/sys/wireguard/a'), 'EPERM|EROFS'],
    ['below a file', async (base) => join(await file(base), 'a', 'b'), 'ENOTDIR'],
    ['that is a file', file, 'EEXIST'],
    ['behind a dangling link', (base) => link(base, 'nowhere'), 'ENOENT'],
    ['below a dangling link', async (base) => join(await link(base, 'nowhere'), 'a'), 'ENOENT'],
    ['behind a loop of links', (base) => link(base, 'link'), 'ELOOP'],
    ['with a NUL', (base) => Promise.resolve(`${base}/a\0b`), 'EINVAL'],
  ])('%s', async (_, prepare, codes) => {
    const base = await testDirectory()
    const directory = await prepare(base)
    const before = await readdir(base)
    const error: unknown = await startServer({ directory }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'WireGuardError', operation: 'listen', device: 'wg0' })
    expect(error).toMatchObject({ code: expect.stringMatching(new RegExp(`^(?:${codes})$`)) })
    expect(await readdir(base)).toEqual(before)
  })
})

async function file(base: string): Promise<string> {
  await writeFile(join(base, 'file'), '')
  return join(base, 'file')
}

async function link(base: string, target: string): Promise<string> {
  await symlink(join(base, target), join(base, 'link'))
  return join(base, 'link')
}

/**
 * Leaves a stale socket, as a killed daemon does. libuv removes the name that it knows on close.
 */
async function makeStale(path: string): Promise<void> {
  const server = createServer().listen(`${path}.bound`)
  await once(server, 'listening')
  await rename(`${path}.bound`, path)
  server.close()
  await once(server, 'close')
  expect((await lstat(path)).isSocket()).toBe(true)
}
