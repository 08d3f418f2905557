import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { fakeTime } from '../../../../test-fixtures/fake-time.js'
import { deferred } from '../../../../test-fixtures/deferred.js'
import type { Peer } from '../../src/model/device.js'
import { UapiClient } from '../../src/uapi/client.js'
import { rejected } from '../model/faults.js'
import { answering, listenRaw, type Script } from '../../../../test-fixtures/fakes/raw-server.js'
import { turns, until, untilStill } from '../../../../test-fixtures/wait.js'
import { reply, SAMPLE_REPLIES } from '../support/replies.js'

const PEERS = 20_000

describe('a stream of peers', () => {
  it.each(SAMPLE_REPLIES)('has the same peers as a read: $name', async ({ text }) => {
    await using server = await listenRaw(answering(text))
    const client = new UapiClient({ directory: server.directory })
    const streamed = await collect(client.peerBatches('wg0'))
    const { peers } = await client.device('wg0')
    // A daemon that reports the time since the handshake is read twice, at two times.
    expect(streamed.map((peer) => ({ ...peer, lastHandshake: undefined }))).toStrictEqual(
      peers.map((peer) => ({ ...peer, lastHandshake: undefined })),
    )
    expect(streamed.map(({ lastHandshake }) => lastHandshake?.getTime() ?? 0)).toStrictEqual(
      peers.map(({ lastHandshake }) => expect.closeTo(lastHandshake?.getTime() ?? 0, -5)),
    )
    await server.allClosed()
  })

  it('is the same however the reply is cut', async () => {
    const lines = Array.from({ length: 5 }, (_, i) => peerText(i))
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      for (const byte of `${lines.join('')}errno=0\n\n`) {
        if (!socket.write(byte)) await once(socket, 'drain')
        await turns()
      }
    })
    const batches = []
    for await (const batch of new UapiClient({ directory: server.directory }).peerBatches('wg0'))
      batches.push(batch)
    expect(batches.every(({ length }) => length > 0)).toBe(true)
    expect(batches.flat().map(({ receiveBytes }) => receiveBytes)).toStrictEqual([0, 1, 2, 3, 4])
    expect(batches.flat().map(({ allowedIPs }) => allowedIPs)).toStrictEqual(
      Array.from({ length: 5 }, (_, i) => [`10.0.0.${i}/32`, `fd00::${i + 1}/128`]),
    )
  })

  it('reads no more from the daemon than the consumer uses', async () => {
    const progress = { peers: 0 }
    await using server = await listenRaw(largeReply(progress))
    const client = new UapiClient({ directory: server.directory })
    let used = 0
    for await (const batch of client.peerBatches('wg0')) {
      used += batch.length
      if (used > batch.length) continue
      // 5 MB in all, of which the buffers of a unix socket take some hundred KB.
      await untilStill(() => progress.peers)
      expect(progress.peers).toBeLessThan(PEERS / 2)
    }
    expect(used).toBe(PEERS)
    await server.allClosed()
  })

  it('closes its connection when the consumer stops', async () => {
    await using server = await listenRaw(largeReply())
    for await (const batch of new UapiClient({ directory: server.directory }).peerBatches('wg0')) {
      expect(batch.length).toBeGreaterThan(0)
      break
    }
    await server.allClosed()
  })

  it('closes its connection when the consumer takes longer than the idle time', async () => {
    await using server = await listenRaw(largeReply())
    const batches = new UapiClient({ directory: server.directory }).peerBatches('wg0', {
      idleTimeout: 300,
    })
    await batches.next()
    await server.allClosed()
    const error = await rejected(batches.next())
    expect(error).toMatchObject({ code: 'ETIMEDOUT', device: 'wg0', operation: 'read device' })
    expect(await batches.next()).toStrictEqual({ done: true, value: undefined })
  })

  it('lasts longer than the idle time when each step is shorter', async () => {
    using time = fakeTime()
    const asked = deferred<Socket>()
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      socket.write(peerText(0))
      asked.resolve(socket)
    })
    const batches = new UapiClient({ directory: server.directory }).peerBatches('wg0', {
      idleTimeout: 400,
    })
    for (let i = 1; i <= 6; i++) {
      const next = batches.next()
      const socket = await asked.promise
      // The daemon takes its time, and then the consumer.
      await time.advance(300)
      // A peer is complete when the next one begins.
      socket.write(peerText(i))
      const { value } = await next
      expect(value).toMatchObject([{ receiveBytes: i - 1 }])
      await time.advance(300)
    }
    await batches.return()
  })

  it.each<[string, string, string]>([
    ['with an error of the daemon', 'errno=-5\n\n', 'EIO'],
    ['in the middle', 'public_key=', 'EPROTO'],
    ['with a line that is none', 'nonsense\n', 'EPROTO'],
  ])('throws after the first batch when the reply ends %s', async (_, end, code) => {
    const firstBatch = deferred()
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      // The second peer is not complete.
      socket.write(peerText(0) + peerText(1))
      await firstBatch.promise
      socket.end(end)
    })
    const batches = new UapiClient({ directory: server.directory }).peerBatches('wg0')
    const { value } = await batches.next()
    expect(value).toHaveLength(1)
    firstBatch.resolve()
    expect(await rejected(batches.next())).toMatchObject({ code, device: 'wg0' })
    await server.allClosed()
  })

  it('of an absent device is ENODEV, of an invalid name EINVAL', async () => {
    await using server = await listenRaw(() => {})
    const client = new UapiClient({ directory: server.directory })
    expect(await rejected(client.peerBatches('wg9').next())).toMatchObject({ code: 'ENODEV' })
    expect(await rejected(client.peerBatches('a/b').next())).toMatchObject({ code: 'EINVAL' })
  })

  it('ends when its signal is aborted and when the client is closed, while the consumer is busy', async () => {
    await using server = await listenRaw(largeReply())
    const client = new UapiClient({ directory: server.directory })
    const abort = new AbortController()
    const aborted = client.peerBatches('wg0', { signal: abort.signal, idleTimeout: 0 })
    const closed = client.peerBatches('wg0', { idleTimeout: 0 })
    await aborted.next()
    await closed.next()
    abort.abort(new Error('enough'))
    await client.close()
    await server.allClosed()
    expect(await rejected(aborted.next())).toMatchObject({ code: 'ABORT_ERR', name: 'AbortError' })
    expect(await rejected(closed.next())).toMatchObject({ code: 'ECANCELED', device: 'wg0' })
    expect(await rejected(client.peerBatches('wg0').next())).toMatchObject({ code: 'EBADF' })
  })

  it('delays no other call while its consumer is busy', async () => {
    await using server = await listenRaw(async (connection) => {
      if (connection.index === 0) await largeReply()(connection)
      else await answering(reply('listen_port=7'))(connection)
    })
    const client = new UapiClient({ directory: server.directory })
    const stream = client.peerBatches('wg0')
    await stream.next()
    expect(await client.device('wg0')).toMatchObject({ listenPort: 7 })
    await client.configureDevice('wg0', { listenPort: 7 })
    await stream.return()
    await until(() => server.accepted === 3, 'three connections were made')
  })
})

async function collect(batches: AsyncIterable<readonly Peer[]>): Promise<Peer[]> {
  const peers: Peer[] = []
  for await (const batch of batches) peers.push(...batch)
  return peers
}

function keyOf(i: number): string {
  return (i + 1).toString(16).padStart(64, '0')
}

function peerText(i: number): string {
  return (
    `public_key=${keyOf(i)}\nrx_bytes=${i}\n` +
    `allowed_ip=10.0.0.${i & 255}/32\nallowed_ip=fd00::${(i + 1).toString(16)}/128\n`
  )
}

/** Answers with {@link PEERS} peers, as fast as the client reads; says how far it is. */
function largeReply(progress = { peers: 0 }): Script {
  return async ({ socket, request }) => {
    await request()
    for (; progress.peers < PEERS; progress.peers += 100) {
      const lines = Array.from({ length: 100 }, (_, i) => peerText(progress.peers + i))
      if (!socket.write(lines.join(''))) await once(socket, 'drain')
    }
    socket.end('errno=0\n\n')
  }
}
