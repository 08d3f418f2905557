import { describe, expect, it } from '@jest/globals'
import { caught } from '../../../../test-fixtures/caught.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { listenRaw } from '../../../../test-fixtures/fakes/raw-server.js'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  samplePeer,
  sampleDevice,
} from '../../../../test-fixtures/sample.js'
import type { CheckedDeviceConfig } from '../../src/model/config.js'
import { UapiClient } from '../../src/uapi/client.js'
import { requestsOneByOne } from '../../src/uapi/one-by-one.js'
import { UapiServer } from '../../src/uapi/server/uapi-server.js'

const OLD = samplePeer({
  publicKey: publicKeyOf(1),
  presharedKey: presharedKeyOf(1),
  endpoint: { host: '192.0.2.1', port: 7 },
  persistentKeepalive: 25,
  allowedIPs: ['10.0.1.0/24', '10.0.2.0/24'],
})
const DEVICE = sampleDevice({ publicKey: publicKeyOf(9), peers: [OLD] })

describe('requests with one peer each', () => {
  it.each<[string, CheckedDeviceConfig, CheckedDeviceConfig[]]>([
    ['of nothing', {}, []],
    ['of the device', { listenPort: 5, firewallMark: 0 }, [{ listenPort: 5, firewallMark: 0 }]],
    [
      'add peers without the fields of those before',
      {
        firewallMark: 1,
        peers: [
          { publicKey: publicKeyOf(2), presharedKey: presharedKeyOf(2), allowedIPs: ['::/0'] },
          { publicKey: publicKeyOf(3), presharedKey: null, persistentKeepalive: 0 },
        ],
      },
      [
        { firewallMark: 1 },
        {
          peers: [
            { publicKey: publicKeyOf(2), presharedKey: presharedKeyOf(2), allowedIPs: ['::/0'] },
          ],
        },
        { peers: [{ publicKey: publicKeyOf(3) }] },
      ],
    ],
    [
      'remove a peer, and leave out one that is not there',
      {
        peers: [
          { publicKey: publicKeyOf(1), remove: true },
          { publicKey: publicKeyOf(2), remove: true },
          { publicKey: publicKeyOf(3), updateOnly: true, allowedIPs: ['::/0'] },
        ],
      },
      [{ peers: [{ publicKey: publicKeyOf(1), remove: true }] }],
    ],
    [
      'leave a peer alone that is as it has to be, and the own key',
      {
        peers: [
          { publicKey: publicKeyOf(1), persistentKeepalive: 25, allowedIPs: ['10.0.1.0/24'] },
          { publicKey: publicKeyOf(9) },
        ],
      },
      [],
    ],
    [
      'replace all peers',
      { replacePeers: true, peers: [{ publicKey: publicKeyOf(1), allowedIPs: ['::1/128'] }] },
      [{ replacePeers: true }, { peers: [{ publicKey: publicKeyOf(1), allowedIPs: ['::1/128'] }] }],
    ],
  ])('%s', (_, config, expected) => {
    expect(requestsOneByOne(config, DEVICE, false)).toEqual(expected)
  })

  const CHANGES: CheckedDeviceConfig['peers'] = [
    { publicKey: publicKeyOf(1), presharedKey: null },
    { publicKey: publicKeyOf(1), endpoint: { host: '192.0.2.2', port: 7 } },
    { publicKey: publicKeyOf(1), persistentKeepalive: 0 },
    { publicKey: publicKeyOf(1), allowedIPs: ['::/0'] },
    { publicKey: publicKeyOf(1), removeAllowedIPs: ['10.0.1.0/24'] },
    { publicKey: publicKeyOf(1), replaceAllowedIPs: true, allowedIPs: ['10.0.1.0/24'] },
  ]

  it.each(CHANGES.map((change) => [change]))(
    'refuse a change, unless sessions may end: %j',
    (change) => {
      const config = { listenPort: 1, peers: [change] }
      expect(() => requestsOneByOne(config, DEVICE, false)).toThrow(/cannot change a peer/)
      const requests = requestsOneByOne(config, DEVICE, true)
      expect(requests.map(({ peers }) => peers?.[0]?.remove)).toEqual([undefined, true, undefined])
      const { publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs } = OLD
      const { removeAllowedIPs = [], replaceAllowedIPs, ...changed } = change
      const before = { publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs }
      const own = replaceAllowedIPs === true ? [] : allowedIPs
      const wanted = {
        ...before,
        ...changed,
        allowedIPs: [...own, ...(change.allowedIPs ?? [])].filter(
          (allowedIP) => !removeAllowedIPs.includes(allowedIP),
        ),
      }
      const given = Object.entries(wanted).filter(([, value]) => value !== null && value !== 0)
      expect(requests[2]!.peers![0]).toEqual(Object.fromEntries(given))
    },
  )

  it('refuse a peer without a private key', () => {
    const peers = [{ publicKey: publicKeyOf(2) }]
    const empty = sampleDevice({ publicKey: undefined, peers: [] })
    expect(() => requestsOneByOne({ peers }, empty, true)).toThrow(/needs a private key/)
    expect(() => requestsOneByOne({ privateKey: null, peers }, DEVICE, true)).toThrow(/needs a/)
    expect(requestsOneByOne({ privateKey: privateKeyOf(3), peers }, empty, false)).toHaveLength(2)
  })
})

/** A device that answers as boringtun. */
async function start() {
  const temporary = await temporaryDirectory()
  const { path: directory } = temporary
  const server = await UapiServer.listen({ name: 'wg0', directory, dialect: 'boringtun' })
  return {
    directory,
    server,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await temporary[Symbol.asyncDispose]()
    },
  }
}

describe('a client of boringtun', () => {
  const peers = [
    { publicKey: publicKeyOf(1), presharedKey: presharedKeyOf(1), allowedIPs: ['10.0.1.0/24'] },
    { publicKey: publicKeyOf(2), allowedIPs: ['10.0.2.0/24'] },
  ]

  it('learns it by the first reply, and changes nothing that would end it', async () => {
    await using daemon = await start()
    const client = new UapiClient({ directory: daemon.directory })
    await client.configureDevice('wg0', { privateKey: privateKeyOf(9), peers })
    const before = await client.device('wg0')
    expect(before.peers.map(({ presharedKey }) => presharedKey?.toBase64())).toEqual([
      presharedKeyOf(1).toBase64(),
      undefined,
    ])
    const change = { publicKey: publicKeyOf(1), persistentKeepalive: 5 }
    const error = await caught(client.configureDevice('wg0', { listenPort: 5, peers: [change] }))
    expect(error).toMatchObject({
      code: 'EOPNOTSUPP',
      peer: publicKeyOf(1),
      hint: expect.stringContaining('allowSessionLoss'),
    })
    expect(await client.device('wg0')).toEqual(before)
    await client.configureDevice('wg0', { peers: [{ publicKey: publicKeyOf(1), remove: true }] })
    expect((await client.device('wg0')).peers).toHaveLength(1)
    await client.close()
  })

  it('loses a session where it may, and keeps the rest of the peer', async () => {
    await using daemon = await start()
    const client = new UapiClient({ directory: daemon.directory, allowSessionLoss: true })
    await client.configureDevice('wg0', { privateKey: privateKeyOf(9), peers })
    daemon.server.setPeer(publicKeyOf(1), { receiveBytes: 5, lastHandshake: new Date() })
    const change = { publicKey: publicKeyOf(1), persistentKeepalive: 5 }
    await client.configureDevice('wg0', { peers: [change] })
    const peer = daemon.server.device().peers.find(({ publicKey }) => publicKey === publicKeyOf(1))
    expect(peer).toMatchObject({
      persistentKeepalive: 5,
      allowedIPs: ['10.0.1.0/24'],
      receiveBytes: 0,
      lastHandshake: undefined,
    })
    expect(peer!.presharedKey?.toBase64()).toBe(presharedKeyOf(1).toBase64())
    await client.close()
  })

  it('is told by a broken connection what a client without it would do', async () => {
    await using daemon = await start()
    const client = new UapiClient({ directory: daemon.directory })
    await client.configureDevice('wg0', { privateKey: privateKeyOf(9), peers })
    // What wg(8) sends for the change of a peer.
    const { createConnection } = process.getBuiltinModule('node:net')
    const socket = createConnection(daemon.server.path)
    const key = Buffer.from(publicKeyOf(1), 'base64').toString('hex')
    socket.write(`set=1\npublic_key=${key}\npersistent_keepalive_interval=5\n\n`)
    let reply = ''
    socket.on('data', (data) => (reply += String(data))).on('error', () => {})
    await new Promise((resolve) => socket.once('close', resolve))
    expect(reply).toBe('')
    await client.close()
  })
})

function isProbe(request: string): boolean {
  return request.includes('update_only=true')
}

describe('a client', () => {
  const WITH_KEY = `private_key=${'11'.repeat(32)}\nerrno=0\n\n`

  it('asks a socket once, and not at all when a reply has told it', async () => {
    await using server = await listenRaw(
      async ({ socket, request }) => {
        socket.end((await request()).startsWith('get') ? WITH_KEY : 'errno=0\n\n')
      },
      { answersProbe: false },
    )
    const config = { peers: [{ publicKey: publicKeyOf(1) }] }
    const { directory } = server
    const first = new UapiClient({ directory })
    await first.configureDevice('wg0', config)
    await first.configureDevice('wg0', config)
    expect(server.requests.map(isProbe)).toEqual([true, false, false])
    const second = new UapiClient({ directory })
    await second.device('wg0')
    await second.configureDevice('wg0', config)
    expect(server.requests.slice(3).map(isProbe)).toEqual([false, false])
    await first.close()
    await second.close()
  })

  it('reads a keepalive that is an interval, and keys that it does not know', async () => {
    const key = Buffer.from(publicKeyOf(1), 'base64').toString('hex')
    const lines = [
      'h1=1',
      `public_key=${key}`,
      'persistent_keepalive_interval=22-30',
      'x=-',
      'errno=0',
    ]
    await using server = await listenRaw(({ socket }) => void socket.end(`${lines.join('\n')}\n\n`))
    const client = new UapiClient({ directory: server.directory })
    const { peers } = await client.device('wg0')
    expect(peers.map(({ persistentKeepalive }) => persistentKeepalive)).toEqual([22])
    await client.close()
  })

  it.each(['22-', '-22', '22-x', '1-70000', '70000-1', '1-2-3', ''])(
    'refuses a keepalive that is none: %s',
    async (value) => {
      const key = Buffer.from(publicKeyOf(1), 'base64').toString('hex')
      const text = `public_key=${key}\npersistent_keepalive_interval=${value}\nerrno=0\n\n`
      await using server = await listenRaw(({ socket }) => void socket.end(text))
      const client = new UapiClient({ directory: server.directory })
      expect(await caught(client.device('wg0'))).toMatchObject({ code: 'EPROTO' })
      await client.close()
    },
  )
})
