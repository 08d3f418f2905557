import { describe, expect, it } from '@jest/globals'
import { type FakeTime, fakeTime } from '../../../../test-fixtures/fake-time.js'
import type { DeviceConfig } from '../../src/model/config.js'
import { UapiClient } from '../../src/uapi/client.js'
import { rejected } from '../model/faults.js'
import { answering, listenRaw, type Script } from '../../../../test-fixtures/fakes/raw-server.js'
import { turns, until } from '../../../../test-fixtures/wait.js'
import { base64Of, OTHER_PEER_HEX, PEER_HEX, reply } from '../support/replies.js'

const publicKey = base64Of(PEER_HEX)

/** A daemon that does not know `allowed_ip=-`; `last` answers what is neither that nor a read. */
function withoutRemoval(device: string, last: (request: string, nth: number) => string): Script {
  let writes = 0
  return async ({ socket, request }) => {
    const text = await request()
    if (text.startsWith('get=1\n')) socket.end(device)
    else socket.end(text.includes('allowed_ip=-') ? 'errno=-22\n\n' : last(text, writes++))
  }
}

const OWNED = reply(
  `public_key=${PEER_HEX}`,
  'allowed_ip=10.0.0.1/32',
  'allowed_ip=10.0.0.2/32',
  `public_key=${OTHER_PEER_HEX}`,
  'allowed_ip=10.0.0.3/32',
)

const REMOVAL: DeviceConfig = {
  firewallMark: 5,
  peers: [
    {
      publicKey,
      allowedIPs: ['10.0.0.9/32'],
      removeAllowedIPs: ['10.0.0.1', '10.0.0.3/32', '10.7.7.7/32'],
    },
  ],
}

/** A daemon that takes 200 ms for each line of an answer. */
function slowly(time: FakeTime): Script {
  return async ({ socket, request }) => {
    const text = await request()
    const answer = text.startsWith('get') ? OWNED : 'errno=-22\n\n'
    for (const line of text.includes('fwmark') ? ['errno=0\n\n'] : answer.split(/(?<=\n)/)) {
      await time.advance(200)
      socket.write(line)
    }
    socket.end()
  }
}

describe('a write', () => {
  it('is one request, and waits for its reply', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    await new UapiClient({ directory: server.directory }).configureDevice('wg0', {
      listenPort: 7,
      peers: [{ publicKey }],
    })
    expect(server.requests).toStrictEqual([`set=1\nlisten_port=7\npublic_key=${PEER_HEX}\n\n`])
  })

  it('that is invalid opens no connection, and is ENODEV if the device does not exist', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    const client = new UapiClient({ directory: server.directory })
    const bad = { listenPort: 70_000 }
    const error = await rejected(client.configureDevice('wg0', bad))
    expect(error).toMatchObject({ code: 'EINVAL', path: 'listenPort', device: 'wg0' })
    expect(error.applied).toBeUndefined()
    expect(server.accepted).toBe(0)
    await expect(client.configureDevice('absent', bad)).rejects.toMatchObject({ code: 'ENODEV' })
  })

  it('has no additional line, whatever characters a zone has', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    // U+010A: its lower byte is a newline.
    const endpoint = { host: 'fe80::1%a\u010aremove=true', port: 1 }
    await new UapiClient({ directory: server.directory }).configureDevice('wg0', {
      peers: [{ publicKey, endpoint }],
    })
    expect(server.requests[0]!.split('\n')).toHaveLength(5)
    expect(Buffer.from(server.requests[0]!, 'latin1').toString()).toContain(
      '\nendpoint=[fe80::1%a\u010aremove=true]:1\n',
    )
  })

  it('writes a zone that is read back unchanged', async () => {
    const text = Buffer.from(reply(`public_key=${PEER_HEX}`, 'endpoint=[fe80::1%é\u010a]:1'))
    await using server = await listenRaw(answering(text.toString('latin1')))
    const device = await new UapiClient({ directory: server.directory }).device('wg0')
    expect(device.peers[0]?.endpoint).toStrictEqual({ host: 'fe80::1%é\u010a', port: 1 })
  })
})

describe('writes to one device', () => {
  it('are sent in order, one at a time, while reads do not wait', async () => {
    let open = 0
    let most = 0
    const marks: number[] = []
    await using server = await listenRaw(async ({ socket, request }) => {
      const text = await request()
      if (text.startsWith('get')) {
        socket.end(reply())
        return
      }
      most = Math.max(most, ++open)
      marks.push(Number(/fwmark=(\d+)/.exec(text)?.[1]))
      // Long enough for another one to arrive, if it were sent.
      await turns(10)
      open--
      socket.end('errno=0\n\n')
    })
    const client = new UapiClient({ directory: server.directory })
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => [
        client.configureDevice('wg0', { firewallMark: i }),
        client.device('wg0'),
      ]).flat(),
    )
    expect(most).toBe(1)
    expect(marks).toStrictEqual(Array.from({ length: 30 }, (_, i) => i))
  })

  it('time out while they wait for a write that hangs, and the next one is sent after it', async () => {
    using time = fakeTime()
    await using server = await listenRaw(async ({ socket, request, index }) => {
      await request()
      if (index > 0) socket.end('errno=0\n\n')
    })
    const client = new UapiClient({ directory: server.directory })
    const hanging = rejected(client.configureDevice('wg0', {}, { idleTimeout: 400 }))
    await until(() => server.requests.length === 1, 'the first request came')
    const waiting = rejected(client.configureDevice('wg0', {}, { idleTimeout: 50 }))
    await time.advance(50)
    const error = await waiting
    expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    // It was never sent.
    expect(error.applied).toBeUndefined()
    const next = client.configureDevice('wg0', { firewallMark: 3 })
    await time.advance(350)
    await expect(hanging).resolves.toMatchObject({ code: 'ETIMEDOUT', applied: 'unknown' })
    await next
    expect(server.requests).toHaveLength(2)
  })
})

describe('the removal of allowed IPs', () => {
  it('is one request to a daemon that supports it', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    await new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL)
    const [probe, set, ...rest] = server.requests
    expect(rest).toStrictEqual([])
    expect(probe).toMatch(
      /^set=1\npublic_key=[0-9a-f]{64}\nupdate_only=true\nallowed_ip=-0.0.0.0\/32\n\n$/,
    )
    expect(set).toContain('allowed_ip=-10.0.0.1/32\nallowed_ip=-10.0.0.3/32\n')
  })

  it.each([
    ['-22', 'errno=-22\n\n'],
    ['22', 'errno=22\n\n'],
    ['no answer at all', ''],
  ])(
    'moves only what the peer owns to a temporary peer where the daemon refuses with %s',
    async (_, no) => {
      await using server = await listenRaw(async ({ socket, request }) => {
        const text = await request()
        if (text.startsWith('get')) socket.end(OWNED)
        else socket.end(text.includes('allowed_ip=-') ? no : 'errno=0\n\n')
      })
      await new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL)
      const [, get, set, ...rest] = server.requests
      expect(get).toBe('get=1\n\n')
      expect(rest).toStrictEqual([])
      const lines = set!.split('\n')
      const temporary = lines[4]
      expect(temporary).not.toContain(PEER_HEX)
      expect(lines).toStrictEqual([
        'set=1',
        'fwmark=5',
        `public_key=${PEER_HEX}`,
        'allowed_ip=10.0.0.9/32',
        temporary,
        'allowed_ip=10.0.0.1/32',
        temporary,
        'remove=true',
        '',
        '',
      ])
    },
  )

  it('needs no temporary peer when the peer owns none of them', async () => {
    await using server = await listenRaw(withoutRemoval(reply(), () => 'errno=0\n\n'))
    await new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL)
    expect(server.requests[2]).toBe(
      `set=1\nfwmark=5\npublic_key=${PEER_HEX}\nallowed_ip=10.0.0.9/32\n\n`,
    )
  })

  it('does not probe the daemon when there is nothing to remove', async () => {
    await using server = await listenRaw(answering('errno=0\n\n'))
    await new UapiClient({ directory: server.directory }).configureDevice('wg0', {
      ...REMOVAL,
      replacePeers: true,
    })
    expect(server.requests[0]).toContain('replace_peers=true\n')
  })

  it.each([
    ['with an error', 'errno=-5\n\n', 'EIO'],
    ['with nothing', '', 'EPROTO'],
  ])('that fails half way %s removes the temporary peer', async (_, answer, code) => {
    await using server = await listenRaw(
      withoutRemoval(OWNED, (__, nth) => (nth === 0 ? answer : 'errno=0\n\n')),
    )
    const error = await rejected(
      new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL),
    )
    expect(error).toMatchObject({ code, applied: 'unknown' })
    const [, , set, clean, ...rest] = server.requests
    expect(clean).toBe(`set=1\n${set!.split('\n')[4]}\nremove=true\n\n`)
    expect(rest).toStrictEqual([])
  })

  it('that is aborted half way removes the temporary peer', async () => {
    const controller = new AbortController()
    await using server = await listenRaw(async ({ socket, request, index }) => {
      const text = await request()
      if (index === 2) controller.abort()
      else if (text.startsWith('get')) socket.end(OWNED)
      else socket.end(index === 0 ? 'errno=-22\n\n' : 'errno=0\n\n')
    })
    const { signal } = controller
    const error = await rejected(
      new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL, { signal }),
    )
    expect(error).toMatchObject({ name: 'AbortError', applied: 'unknown' })
    const [, , set, clean] = server.requests
    expect(clean).toBe(`set=1\n${set!.split('\n')[4]}\nremove=true\n\n`)
  })

  it('that close ends half way removes the temporary peer, and close waits for that', async () => {
    let closed: Promise<void> | undefined
    await using server = await listenRaw(async ({ socket, request, index }) => {
      const text = await request()
      if (index === 2) closed = client.close()
      else if (text.startsWith('get')) socket.end(OWNED)
      else socket.end(index === 0 ? 'errno=-22\n\n' : 'errno=0\n\n')
    })
    const client = new UapiClient({ directory: server.directory })
    const call = rejected(client.configureDevice('wg0', REMOVAL))
    await until(() => closed !== undefined)
    await closed
    expect(server.requests).toHaveLength(4)
    const [, , set, clean] = server.requests
    expect(clean).toBe(`set=1\n${set!.split('\n')[4]}\nremove=true\n\n`)
    expect(await call).toMatchObject({ code: 'ECANCELED', applied: 'unknown' })
  })

  it('waits at most a second for a daemon that hangs when the temporary peer is removed', async () => {
    await using server = await listenRaw(async ({ socket, request, index }) => {
      const text = await request()
      if (text.startsWith('get')) socket.end(OWNED)
      else if (index < 3) socket.end(index === 0 ? 'errno=-22\n\n' : 'errno=-5\n\n')
      const timer = setInterval(() => index === 3 && socket.write('x=1\n'), 20)
      socket.once('close', () => clearInterval(timer))
    })
    const error = await rejected(
      new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL),
    )
    expect(error).toMatchObject({ code: 'EIO', applied: 'unknown' })
    expect(server.requests).toHaveLength(4)
    await server.allClosed()
  })

  it('reports the first error when removing the temporary peer fails as well', async () => {
    await using server = await listenRaw(
      withoutRemoval(OWNED, (_, nth) => (nth === 0 ? 'errno=-5\n\n' : 'errno=-71\n\n')),
    )
    const error = await rejected(
      new UapiClient({ directory: server.directory }).configureDevice('wg0', REMOVAL),
    )
    expect(error).toMatchObject({ code: 'EIO', detail: 'errno=-5' })
  })

  it('does not let a waiting write time out while it makes progress', async () => {
    using time = fakeTime()
    await using server = await listenRaw(slowly(time))
    const client = new UapiClient({ directory: server.directory })
    const removal = client.configureDevice('wg0', REMOVAL)
    const waiting = client.configureDevice('wg0', { firewallMark: 6 }, { idleTimeout: 300 })
    await expect(Promise.all([removal, waiting])).resolves.toHaveLength(2)
  })
})
