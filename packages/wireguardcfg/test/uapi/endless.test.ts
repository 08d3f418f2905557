import { describe, expect, it } from '@jest/globals'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../../src/model/limits.js'
import { UapiClient } from '../../src/uapi/client.js'
import { ReplyParser } from '../../src/uapi/parse.js'
import { thrown, rejected } from '../model/faults.js'
import { listenRaw, type RawServer } from '../../../../test-fixtures/fakes/raw-server.js'
import { fakeTime } from '../../../../test-fixtures/fake-time.js'

const PEER = `public_key=${'ab'.repeat(32)}\n`

/** Sends a text again and again, for as long as anybody reads it. */
function repeating(text: string, first = ''): Promise<RawServer> {
  const bytes = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)))
  return listenRaw(async ({ socket, request }) => {
    await request()
    const write = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    }
    socket.on('drain', write)
    socket.write(first)
    write()
  })
}

describe('a reply that never ends', () => {
  it.each([
    ['unknown lines', 'x=y\n', ''],
    ['one long line', 'xy=z', ''],
    ['one peer', PEER, ''],
    ['allowed ips', 'allowed_ip=10.0.0.0/8\n', PEER],
  ])('ends with EPROTO: %s', async (_, text, first) => {
    await using server = await repeating(text, first)
    const client = new UapiClient({ directory: server.directory })
    expect(await rejected(client.device('wg0'))).toMatchObject({ code: 'EPROTO' })
    expect(await rejected(client.configureDevice('wg0', {}))).toMatchObject({
      code: 'EPROTO',
      applied: 'unknown',
    })
    await server.allClosed()
  })

  it('ends after the time of the whole call, however steadily it comes', async () => {
    using time = fakeTime()
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      while (!socket.destroyed) {
        socket.write('x')
        await time.advance(200)
      }
    })
    const call = new UapiClient({ directory: server.directory }).device('wg0', {
      idleTimeout: 400,
      timeout: 2000,
    })
    expect(await rejected(call)).toMatchObject({
      code: 'ETIMEDOUT',
      message: 'read device "wg0": not finished after 2000 ms',
    })
  })
})

describe('a reply', () => {
  it(`has at most ${MOST_PEERS} peers`, () => {
    const parser = new ReplyParser('read device', 'wg0')
    const push = (from: number, to: number): void => {
      let text = ''
      for (let i = from; i < to; i++) text += `public_key=${i.toString(16).padStart(64, '0')}\n`
      parser.push(Buffer.from(text))
      // What a stream does: it does not hold them.
      parser.takePeers(0)
    }
    const STEP = 2 ** 14
    for (let i = 0; i < MOST_PEERS; i += STEP) push(i, i + STEP)
    const error = thrown(() => push(MOST_PEERS, MOST_PEERS + 1))
    expect(error).toMatchObject({
      code: 'EPROTO',
      detail: expect.stringContaining('1048576 peers'),
    })
  })

  it(`has at most ${MOST_ALLOWED_IPS} allowed ips, of all peers together`, () => {
    const parser = new ReplyParser('read device', 'wg0')
    const STEP = 2 ** 14
    const lines = 'allowed_ip=10.0.0.0/8\n'.repeat(STEP)
    for (let i = 0; i < MOST_ALLOWED_IPS; i += STEP) {
      parser.push(Buffer.from(`public_key=${i.toString(16).padStart(64, '0')}\n${lines}`))
      parser.takePeers(0)
    }
    const error = thrown(() => parser.push(Buffer.from('allowed_ip=::/0\n')))
    expect(error).toMatchObject({ code: 'EPROTO', detail: expect.stringContaining('2097152') })
  })
})
