import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { chmod, mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { errorCode } from '../../src/model/errors.js'
import { fileError, findSocket, socketPath } from '../../src/uapi/socket-path.js'
import { rejected, thrown } from '../model/faults.js'
import { withoutPrivileges } from '../../../../test-fixtures/process.js'
import { isRoot } from '../support/root.js'

describe('socketPath', () => {
  it('is NAME.sock in the directory, and a named pipe on Windows', () => {
    expect(socketPath('wg0', '/var/run/wireguard', 'linux')).toBe('/var/run/wireguard/wg0.sock')
    expect(socketPath('wg0', 'ignored', 'win32')).toBe(
      '\\\\.\\pipe\\ProtectedPrefix\\Administrators\\WireGuard\\wg0',
    )
  })

  it('is refused where a socket address has no room for it, in bytes', () => {
    const room = (process.platform === 'linux' ? 107 : 103) - '/wg0.sock'.length
    const fits = `/${'d'.repeat(room - 1)}`
    expect(socketPath('wg0', fits)).toBe(`${fits}/wg0.sock`)
    for (const directory of [`${fits}d`, `/${'é'.repeat(room / 2)}d`]) {
      expect(thrown(() => socketPath('wg0', directory))).toMatchObject({
        code: 'EINVAL',
        hint: 'Use a shorter directory',
      })
    }
  })
})

describe('findSocket', () => {
  let temporary: TemporaryDirectory
  let directory = ''
  let servers: Server[] = []
  beforeEach(async () => {
    temporary = await temporaryDirectory()
    directory = temporary.path
  })
  afterEach(async () => {
    for (const server of servers) server.close()
    servers = []
    await temporary[Symbol.asyncDispose]()
  })
  const path = (file: string): string => join(directory, file)
  const listen = async (file: string): Promise<void> => {
    const server = createServer()
    servers.push(server)
    await once(server.listen(path(file)), 'listening')
  }

  it('finds a socket', async () => {
    await listen('wg0.sock')
    expect(findSocket('wg0', directory)).toBe(path('wg0.sock'))
  })

  it('finds a link to a socket', async () => {
    await listen('real')
    await symlink(path('real'), path('wg0.sock'))
    expect(findSocket('wg0', directory)).toBe(path('wg0.sock'))
  })

  it.each<[string, () => Promise<void>]>([
    ['nothing', () => Promise.resolve()],
    ['a regular file', () => writeFile(path('wg0.sock'), '')],
    ['a directory', () => mkdir(path('wg0.sock'))],
    ['a link to nothing', () => symlink(path('absent'), path('wg0.sock'))],
    ['a link to a regular file', () => symlink('/dev/null', path('wg0.sock'))],
    ['a socket without .sock', () => listen('wg0')],
    ['a socket of another name', () => listen('wg00.sock')],
  ])('finds none where there is %s', async (_, prepare) => {
    await prepare()
    expect(findSocket('wg0', directory)).toBeUndefined()
  })

  it('finds none where there is no directory', () => {
    expect(findSocket('wg0', path('absent'))).toBeUndefined()
  })

  it('finds none where the directory is a file', async () => {
    await writeFile(path('file'), '')
    expect(findSocket('wg0', path('file'))).toBeUndefined()
  })

  describe('on macOS and the BSDs, by the real name in NAME.name', () => {
    const at = Date.now() / 1000
    const write = async (text: string, age: number): Promise<void> => {
      await writeFile(path('wg0.name'), text)
      await utimes(path('wg0.name'), at - age, at - age)
      await listen('utun7.sock')
      await utimes(path('utun7.sock'), at, at)
    }

    it.each([
      ['as old', 'utun7\n', 0],
      ['without a newline', 'utun7', 0],
      ['a second older', 'utun7\n', 1],
      ['a second younger', 'utun7\n', -1],
    ])('finds the socket when the file is %s', async (_, text, age) => {
      await write(text, age)
      expect(findSocket('wg0', directory, 'darwin')).toBe(path('utun7.sock'))
    })

    it.each([
      ['it is three seconds older', 'utun7\n', 3],
      ['it is three seconds younger', 'utun7\n', -3],
      ['it names nothing', 'utun8\n', 0],
      ['it leaves the directory', '../utun7\n', 0],
      ['it is empty', '', 0],
      ['it has two names', 'utun7\nutun8\n', 0],
    ])('finds none when %s', async (_, text, age) => {
      await write(text, age)
      expect(findSocket('wg0', directory, 'darwin')).toBeUndefined()
    })

    it.each<[string, () => Promise<unknown>]>([
      ['it is a directory', () => mkdir(path('wg0.name'))],
      ['the real name is a regular file', () => writeFile(path('utun7.sock'), '')],
    ])('finds none when %s', async (_, prepare) => {
      await prepare()
      await writeFile(path('wg0.name'), 'utun7\n').catch(() => {})
      expect(findSocket('wg0', directory, 'darwin')).toBeUndefined()
    })

    it('does not look on Linux, where every name may be that of an interface', async () => {
      await write('utun7\n', 0)
      expect(findSocket('wg0', directory, 'linux')).toBeUndefined()
    })
  })

  describeWith(isRoot, 'without permission', () => {
    it('reports EPERM for a directory that may not be searched', async () => {
      await listen('wg0.sock')
      await chmod(directory, 0o700)
      const error = await rejected(withoutPrivileges(async () => findSocket('wg0', directory)))
      expect(error).toMatchObject({ code: 'EPERM', hint: expect.stringContaining('root') })
      expect(error.message).toContain(directory)
    })
  })
})

describe('the error of a file operation', () => {
  it.each([
    ['EACCES', 'EPERM'],
    ['EPERM', 'EPERM'],
    ['ELOOP', 'ELOOP'],
    ['EMFILE', 'EMFILE'],
  ])('%s becomes %s', (code, expected) => {
    const cause = { code }
    expect(fileError(cause, '/x')).toMatchObject({ code: expected, cause })
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'EPERM'],
    ['an object without a code', {}],
    ['a number as code', { code: 5 }],
  ])('is EIO when it has no code: %s', (_, error) => {
    expect(errorCode(error)).toBe('EIO')
  })
})
