import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { fakeTime } from '../../../../test-fixtures/fake-time.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith, hasPerl } from '../../../../test-fixtures/require.js'
import { UapiClient } from '../../src/uapi/client.js'
import { rejected } from '../model/faults.js'
import { startListener } from '../support/listener-process.js'
import { answering, listenRaw } from '../../../../test-fixtures/fakes/raw-server.js'
import { base64Of, reply, SAMPLE_REPLIES } from '../support/replies.js'
import { withoutPrivileges } from '../../../../test-fixtures/process.js'
import { isRoot } from '../support/root.js'

describe('reading', () => {
  it.each(SAMPLE_REPLIES.filter(({ name }) => name !== 'boringtun'))(
    'takes what $name answers, and closes the connection',
    async ({ text, device }) => {
      await using server = await listenRaw(async ({ socket, request }) => {
        await request()
        socket.write(text)
      })
      const client = new UapiClient({ directory: server.directory })
      await expect(client.device('wg0')).resolves.toStrictEqual(device)
      await server.allClosed()
      expect(server.requests).toStrictEqual(['get=1\n\n'])
    },
  )

  it('turns the time since a handshake, as boringtun reports it, into a date', async () => {
    const sample = SAMPLE_REPLIES.find(({ name }) => name === 'boringtun')!
    await using server = await listenRaw(answering(sample.text))
    const before = Date.now()
    const device = await new UapiClient({ directory: server.directory }).device('wg0')
    const [first, second] = device.peers
    expect(first!.lastHandshake!.getTime()).toBeGreaterThanOrEqual(before - 90_000)
    expect(first!.lastHandshake!.getTime()).toBeLessThanOrEqual(Date.now() - 90_000)
    expect(second!.lastHandshake).toBeUndefined()
  })

  it('uses a connection for each operation, because some daemons take only one', async () => {
    await using server = await listenRaw(answering(reply('listen_port=7')))
    const client = new UapiClient({ directory: server.directory })
    for (let i = 0; i < 3; i++) {
      await expect(client.device('wg0')).resolves.toMatchObject({ listenPort: 7 })
      await client.configureDevice('wg0', { listenPort: 7 })
    }
    expect(server.accepted).toBe(6)
    await server.allClosed()
  })

  it('accepts peers in any order, also in the opposite order next time', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => `public_key=${String(i).padStart(64, '0')}`)
    await using server = await listenRaw(async ({ socket, request, index }) => {
      await request()
      socket.end(reply(...(index === 0 ? lines : lines.toReversed())))
    })
    const client = new UapiClient({ directory: server.directory })
    const first = await client.device('wg0')
    const second = await client.device('wg0')
    expect(first.peers).toHaveLength(50)
    expect(second.peers).toStrictEqual(first.peers.toReversed())
  })

  it('reads a reply that comes byte by byte and takes longer than the idle time in all', async () => {
    using time = fakeTime()
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      for (const byte of reply('listen_port=7')) {
        socket.write(byte)
        await time.advance(300)
      }
    })
    const device = await new UapiClient({ directory: server.directory }).device('wg0', {
      idleTimeout: 400,
    })
    expect(device.listenPort).toBe(7)
  })

  it('reads 65,536 peers', async () => {
    const peers = 65_536
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      for (let i = 0; i < peers; i += 1024) {
        const lines = Array.from(
          { length: 1024 },
          (_, j) =>
            `public_key=${(i + j).toString(16).padStart(64, '0')}\nallowed_ip=10.0.0.0/8\n` +
            `rx_bytes=${i + j}\n`,
        )
        if (!socket.write(lines.join(''))) await once(socket, 'drain')
      }
      socket.end('errno=0\n\n')
    })
    const device = await new UapiClient({ directory: server.directory }).device('wg0')
    expect(device.peers).toHaveLength(peers)
    expect(device.peers[peers - 1]).toMatchObject({
      publicKey: base64Of('ffff'.padStart(64, '0')),
      receiveBytes: 65_535,
    })
  })

  it('makes 200 calls at once', async () => {
    await using server = await listenRaw(answering(reply('listen_port=7')))
    const client = new UapiClient({ directory: server.directory })
    const devices = await Promise.all(Array.from({ length: 200 }, () => client.device('wg0')))
    expect(devices.every(({ listenPort }) => listenPort === 7)).toBe(true)
    await server.allClosed()
  })

  it('prints nothing on success, on errors and on timeouts', async () => {
    const spies = [process.stdout, process.stderr].map((stream) =>
      jest.spyOn(stream, 'write').mockReturnValue(true),
    )
    const written = (): unknown[] => spies.flatMap((spy) => spy.mock.calls)
    try {
      await using server = await listenRaw(({ socket, index }) => {
        if (index === 0) socket.end(SAMPLE_REPLIES[0]!.text)
        else if (index === 1) socket.end('nonsense\n\n')
        else if (index === 2) socket.destroy()
      })
      const client = new UapiClient({ directory: server.directory })
      const calls = [0, 1, 2, 3].map(() => client.device('wg0', { idleTimeout: 50 }))
      const results = await Promise.allSettled(calls)
      expect(results.map(({ status }) => status)).toContain('rejected')
      expect(written()).toStrictEqual([])
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  })
})

describe('names', () => {
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
  const listen = async (...files: readonly string[]): Promise<void> => {
    for (const file of files) {
      const server = createServer((socket) => socket.on('error', () => {}))
      servers.push(server)
      await once(server.listen(join(directory, file)), 'listening')
    }
  }

  it('are none without a directory', async () => {
    const client = new UapiClient({ directory: join(directory, 'absent') })
    await expect(client.deviceNames()).resolves.toStrictEqual([])
    await expect(client.device('wg0')).rejects.toMatchObject({ code: 'ENODEV', device: 'wg0' })
    await expect(client.configureDevice('wg0', {})).rejects.toMatchObject({ code: 'ENODEV' })
  })

  it('are those of the sockets that listen, sorted, and nothing else', async () => {
    await listen('wg9.sock', 'wg10.sock', 'a=b+c-d_e.f.sock', 'wg1')
    // Names that no interface can have.
    await listen('.sock', 'a b.sock', 'a:b.sock', 'seventeen-letters.sock', '...sock')
    // Names that wg-quick(8) does not create, and wg(8) lists.
    await listen('wg@2.sock', '%d.sock', 'тун0.sock')
    await writeFile(join(directory, 'file.sock'), '')
    await mkdir(join(directory, 'directory.sock'))
    await symlink(join(directory, 'wg1'), join(directory, 'link.sock'))
    await symlink(join(directory, 'absent'), join(directory, 'dangling.sock'))
    await symlink('loop.sock', join(directory, 'loop.sock'))
    const client = new UapiClient({ directory })
    await expect(client.deviceNames()).resolves.toStrictEqual([
      '%d',
      'a=b+c-d_e.f',
      'link',
      'wg10',
      'wg9',
      'wg@2',
      'тун0',
    ])
  })

  it('leave out a stale socket, and a read of it is ENODEV with an explanation', async () => {
    const path = join(directory, 'stale.sock')
    const listener = await startListener(path)
    const client = new UapiClient({ directory })
    await expect(client.deviceNames()).resolves.toStrictEqual(['stale'])
    await listener[Symbol.asyncDispose]()
    await expect(client.deviceNames()).resolves.toStrictEqual([])
    for (const call of [client.device('stale'), client.configureDevice('stale', {})]) {
      const error = await rejected(call)
      expect(error).toMatchObject({ code: 'ENODEV', hint: expect.stringContaining('stale') })
      expect(error.applied).toBeUndefined()
    }
  })

  it('include a daemon that hangs with a full queue; a read of it times out', async () => {
    const path = join(directory, 'busy.sock')
    await using listener = await startListener(path, 1)
    listener.kill('SIGSTOP')
    const client = new UapiClient({ directory })
    const hanging = Array.from({ length: 10 }, () => client.device('busy', { idleTimeout: 300 }))
    const codes = Promise.all(hanging.map((call) => rejected(call)))
    await expect(client.deviceNames({ idleTimeout: 200 })).resolves.toStrictEqual(['busy'])
    for (const error of await codes) expect(error.code).toBe('ETIMEDOUT')
  })

  it('leave out a file whose name is no UTF-8, and never read it as another name', async () => {
    await listen('plain.sock')
    await symlink('plain.sock', Buffer.from(`${directory}/wg\xff.sock`, 'latin1'))
    await symlink('plain.sock', join(directory, '\u{feff}wg0.sock'))
    const client = new UapiClient({ directory })
    await expect(client.deviceNames()).resolves.toStrictEqual(['plain', '\u{feff}wg0'])
    await expect(client.device('wg\u{fffd}')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(client.device('wg0')).rejects.toMatchObject({ code: 'ENODEV' })
  })

  it('that no interface can have are EINVAL', async () => {
    const client = new UapiClient({ directory })
    for (const name of ['', '../x', 'wg0\n', 'a b', 'sixteen-letters-', 'ту'.repeat(4)]) {
      expect(client.mayHave(name)).toBe(false)
      await expect(client.device(name)).rejects.toMatchObject({ code: 'EINVAL' })
    }
  })

  it('in a directory whose path is too long for a socket are EINVAL with a hint', async () => {
    const client = new UapiClient({ directory: join(directory, 'd'.repeat(100)) })
    await expect(client.device('wg0')).rejects.toMatchObject({
      code: 'EINVAL',
      hint: 'Use a shorter directory',
      operation: 'read device',
      device: 'wg0',
    })
  })

  describeWith(isRoot, 'as another user', () => {
    it('include a socket that may not be connected to, which is EPERM', async () => {
      await listen('wg0.sock')
      await chmod(directory, 0o755)
      await chmod(join(directory, 'wg0.sock'), 0o600)
      const client = new UapiClient({ directory })
      const names = await withoutPrivileges(() => client.deviceNames())
      const error = await withoutPrivileges(() => rejected(client.device('wg0')))
      expect(names).toStrictEqual(['wg0'])
      expect(error).toMatchObject({ code: 'EPERM', hint: expect.stringContaining('root') })
    })

    it('of a directory that may not be read are EPERM', async () => {
      await chmod(directory, 0o700)
      const client = new UapiClient({ directory })
      const error = await withoutPrivileges(() => rejected(client.deviceNames()))
      expect(error).toMatchObject({ code: 'EPERM', operation: 'list devices' })
      expect(error.hint).toContain('root')
    })
  })

  describeWith(hasPerl, 'beside a socket of another type', () => {
    it('leave out that socket', async () => {
      // Node has no unix datagram sockets; this one lives as long as the other process.
      const program = `socket(S, 1, 2, 0) && bind(S, pack('Sa*', 1, $ARGV[0]))
        && do { $| = 1; print 'up'; sleep 60 }`
      const child = spawn('perl', ['-e', program, join(directory, 'datagram.sock')])
      try {
        const [event] = await Promise.race([
          once(child.stdout, 'data'),
          once(child, 'close'),
          once(child, 'error'),
        ])
        expect(Buffer.isBuffer(event)).toBe(true)
        const client = new UapiClient({ directory })
        await expect(client.deviceNames()).resolves.toStrictEqual([])
        await expect(client.device('datagram')).rejects.toMatchObject({ code: 'ENODEV' })
      } finally {
        child.kill('SIGKILL')
      }
    })
  })
})
