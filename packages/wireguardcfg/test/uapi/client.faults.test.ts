import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { markChecked } from '../../src/backend/check.js'
import type { DeviceConfig } from '../../src/model/config.js'
import { WireGuardError } from '../../src/model/errors.js'
import { UapiClient } from '../../src/uapi/client.js'
import { rejected } from '../model/faults.js'
import { answering, listenRaw, type Script } from '../../../../test-fixtures/fakes/raw-server.js'
import { until } from '../../../../test-fixtures/wait.js'
import { base64Of, PEER_HEX, reply, SAMPLE_REPLIES } from '../support/replies.js'

/**
 * More than any socket buffer takes, 1 MB; checked already, because checking takes longer than
 * sending.
 */
const LARGE: DeviceConfig = markChecked({
  peers: [
    {
      publicKey: base64Of(PEER_HEX),
      allowedIPs: Array.from({ length: 45_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}/32`),
    },
  ],
})

const uncaught: unknown[] = []
const note = (error: unknown): void => void uncaught.push(error)
beforeAll(() => {
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
})
afterAll(() => {
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
})

describe('a daemon that answers an error', () => {
  it.each([
    ['-22', 'EINVAL'],
    ['22', 'EINVAL'],
    ['-98', 'EADDRINUSE'],
    ['98', 'EADDRINUSE'],
    ['-55', 'EIO'],
    ['-4711', 'EIO'],
  ])('errno=%s is %s', async (errno, code) => {
    await using server = await listenRaw(answering(`errno=${errno}\n\n`))
    const client = new UapiClient({ directory: server.directory })
    const read = await rejected(client.device('wg0'))
    expect(read).toMatchObject({ code, operation: 'read device', detail: `errno=${errno}` })
    expect(read.applied).toBeUndefined()
    const write = await rejected(client.configureDevice('wg0', { listenPort: 1 }))
    expect(write).toMatchObject({ code, operation: 'configure device', applied: 'unknown' })
    await server.allClosed()
  })

  /** Sockets that are read only to see that their connection is closed. */
  const unread: Socket[] = []

  // What wireguard-go does: the rest of the request is no operation that it knows.
  it.each<[string, Script]>([
    [
      'at the first line and closes',
      async ({ socket }) => {
        await once(socket, 'data')
        socket.end('errno=-98\n\n', () => socket.destroy())
      },
    ],
    [
      'without having read anything, and closes',
      ({ socket }) => {
        socket.pause()
        socket.write('errno=-98\n\n', () => socket.destroy())
      },
    ],
    [
      'and reads on',
      async ({ socket }) => {
        await once(socket, 'data')
        socket.write('errno=-98\n\n')
        socket.resume()
      },
    ],
    [
      'and never reads on',
      async ({ socket }) => {
        await once(socket, 'data')
        socket.pause().write('errno=-98\n\n')
        unread.push(socket)
      },
    ],
  ])(
    'is reported although the request was not sent whole: %s',
    async (_, script) => {
      await using server = await listenRaw(script)
      const client = new UapiClient({ directory: server.directory })
      for (let i = 0; i < 5; i++) {
        const error = await rejected(client.configureDevice('wg0', LARGE))
        expect(error).toMatchObject({ code: 'EADDRINUSE', applied: 'unknown' })
        for (const socket of unread.splice(0)) socket.resume()
      }
      await server.allClosed()
    },
    30_000,
  )
})

describe('a daemon that ends the connection', () => {
  it.each<[string, Script, string[]]>([
    ['without a byte', answering(''), ['EPROTO']],
    ['in the middle of a reply', answering('listen_port=1\nerr'), ['EPROTO']],
    ['before errno', answering('listen_port=1\n'), ['EPROTO']],
    ['after nonsense', answering('HTTP/1.1 400 Bad Request\n'), ['EPROTO']],
    // The system reports a request that was not read as a reset, and one that came too late as a
    // broken pipe.
    ['at once', ({ socket }) => void socket.destroy(), ['EPROTO', 'ECONNRESET', 'EPIPE']],
  ])('%s', async (_, script, codes) => {
    await using server = await listenRaw(script)
    const client = new UapiClient({ directory: server.directory })
    for (const call of [client.device('wg0'), client.configureDevice('wg0', { listenPort: 1 })]) {
      expect(codes).toContain((await rejected(call)).code)
    }
    await server.allClosed()
  })

  it('during a large request fails the call', async () => {
    await using server = await listenRaw(async ({ socket }) => {
      await once(socket, 'data')
      socket.destroy()
    })
    const error = await rejected(
      new UapiClient({ directory: server.directory }).configureDevice('wg0', LARGE),
    )
    expect(['EPIPE', 'ECONNRESET', 'EPROTO']).toContain(error.code)
    expect(error).toMatchObject({ applied: 'unknown', device: 'wg0' })
  })

  it('after any byte of a reply causes a WireGuardError, and never an uncaught error', async () => {
    const { text, device } = SAMPLE_REPLIES[0]!
    const lengths = Array.from({ length: text.length + 1 }, (_, i) => i)
    await using server = await listenRaw(async ({ socket, request, index }) => {
      await request()
      const head = text.slice(0, index)
      if (index % 2 === 0) socket.end(head)
      else socket.write(head, () => socket.destroy())
    })
    const client = new UapiClient({ directory: server.directory })
    for (const length of lengths) {
      const [result] = await Promise.allSettled([client.device('wg0')])
      if (result.status === 'fulfilled') {
        expect(length).toBeGreaterThanOrEqual(text.length - 1)
        expect(result.value).toStrictEqual(device)
      } else {
        expect(result.reason).toBeInstanceOf(WireGuardError)
      }
    }
    await server.allClosed()
    expect(uncaught).toStrictEqual([])
  }, 60_000)

  it('and is restarted works as before', async () => {
    await using server = await listenRaw(async ({ socket, request, index }) => {
      await request()
      socket.end(index === 0 ? '' : reply('listen_port=7'))
    })
    const client = new UapiClient({ directory: server.directory })
    await expect(client.device('wg0')).rejects.toMatchObject({ code: 'EPROTO' })
    await expect(client.device('wg0')).resolves.toMatchObject({ listenPort: 7 })
  })
})

describe('a daemon that hangs', () => {
  it.each<[string, Script]>([
    ['before it answers', async ({ request }) => void (await request())],
    [
      'in the middle of a reply',
      async ({ socket, request }) => void (await request(), socket.write('listen_port=1\n')),
    ],
    [
      'before the blank line',
      async ({ socket, request }) => void (await request(), socket.write('errno=0\n')),
    ],
  ])('%s gives ETIMEDOUT, and its connection is closed', async (_, script) => {
    await using server = await listenRaw(script)
    const client = new UapiClient({ directory: server.directory })
    for (const call of [
      client.device('wg0', { idleTimeout: 60 }),
      client.configureDevice('wg0', { listenPort: 1 }, { idleTimeout: 60 }),
    ]) {
      const error = await rejected(call)
      expect(error).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0' })
      expect(error.message).toContain('60 ms')
    }
    await server.allClosed()
  })

  it('without reading a large request gives ETIMEDOUT, and little more of the request was built than sent', async () => {
    let made = 0
    const peers = Array.from({ length: 20_000 }, () => ({
      get publicKey() {
        made++
        return base64Of(PEER_HEX)
      },
    }))
    const sockets: Socket[] = []
    await using server = await listenRaw(({ socket }) => void sockets.push(socket.pause()))
    const client = new UapiClient({ directory: server.directory })
    const call = client.configureDevice('wg0', markChecked({ peers }), { idleTimeout: 300 })
    await expect(call).rejects.toMatchObject({ code: 'ETIMEDOUT', applied: 'unknown' })
    // 1.6 MB in all, of which the buffers of a unix socket take some hundred KB.
    expect(made).toBeGreaterThan(100)
    expect(made).toBeLessThan(10_000)
    for (const socket of sockets) socket.resume()
    await server.allClosed()
  })

  it('delays no other call', async () => {
    await using server = await listenRaw(async ({ socket, request, index }) => {
      await request()
      if (index > 0) socket.end(reply())
    })
    const client = new UapiClient({ directory: server.directory })
    const hanging = rejected(client.device('wg0', { idleTimeout: 300 }))
    await until(() => server.requests.length === 1, 'the first request came')
    await expect(client.device('wg0')).resolves.toMatchObject({ peers: [] })
    await expect(hanging).resolves.toMatchObject({ code: 'ETIMEDOUT' })
  })
})
