import { describe, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { inspect } from 'node:util'
import { turns, until } from '../../../../../test-fixtures/wait.js'
import { sampleDevice, samplePeer } from '../../../../../test-fixtures/sample.js'
import { SecretKey } from '../../../src/index.js'
import type { UapiServer } from '../../../src/server.js'
import { base64Of } from '../../support/replies.js'
import {
  ALICE,
  BOB,
  OWN,
  OWN_PUBLIC,
  RawClient,
  SECRET,
  manyPeers,
  setOf,
  startServer,
} from './raw-client.js'

describe('device', () => {
  it('is empty at first', async () => {
    const server = await startServer({ name: 'wg7' })
    expect(server.name).toBe('wg7')
    expect(server.device()).toEqual({
      name: 'wg7',
      backend: 'userspace',
      index: undefined,
      privateKey: undefined,
      publicKey: undefined,
      listenPort: 0,
      firewallMark: 0,
      peers: [],
    })
  })

  it('has the values that were set', async () => {
    const server = await startServer()
    await new RawClient(server.path).set(
      `private_key=${OWN}`,
      'listen_port=51820',
      'fwmark=7',
      `public_key=${ALICE}`,
      `preshared_key=${SECRET}`,
      'endpoint=[::102:304]:5',
      'persistent_keepalive_interval=25',
      'allowed_ip=::1.2.3.4/128',
      'allowed_ip=10.1.2.3/8',
    )
    const expected = sampleDevice({
      privateKey: SecretKey.parse(OWN),
      publicKey: base64Of(OWN_PUBLIC),
      listenPort: 51_820,
      firewallMark: 7,
      peers: [
        samplePeer({
          publicKey: base64Of(ALICE),
          presharedKey: SecretKey.parse(SECRET),
          endpoint: { host: '::1.2.3.4', port: 5 },
          persistentKeepalive: 25,
          allowedIPs: ['::1.2.3.4/128', '10.0.0.0/8'],
        }),
      ],
    })
    expect(server.device()).toEqual(expected)
  })

  it('is a copy', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    await client.set(`public_key=${ALICE}`, 'allowed_ip=::/0')
    const before = server.device()
    await client.set(`public_key=${ALICE}`, 'replace_allowed_ips=true', `public_key=${BOB}`)
    expect(before.peers.map(({ allowedIPs }) => allowedIPs)).toEqual([['::/0']])
  })

  it('shows no secret when the server is printed', async () => {
    const server = await startServer()
    await new RawClient(server.path).set(
      `private_key=${OWN}`,
      `public_key=${ALICE}`,
      `preshared_key=${SECRET}`,
    )
    const printed = inspect(server, { depth: 10, showHidden: true }) + JSON.stringify(server)
    for (const secret of [OWN, SECRET, base64Of(OWN), base64Of(SECRET)])
      expect(printed).not.toContain(secret)
  })
})

describe('setPeer', () => {
  const publicKey = base64Of(ALICE)
  const lastHandshake = new Date(1_700_000_000_123)

  it('simulates traffic of a tunnel', async () => {
    const server = await serverWithPeer()
    server.setPeer(publicKey, {
      lastHandshake,
      receiveBytes: 1,
      transmitBytes: 2n,
      endpoint: '1.2.3.4:5',
    })
    expect(server.device().peers).toMatchObject([
      { lastHandshake, receiveBytes: 1, transmitBytes: 2, endpoint: { host: '1.2.3.4', port: 5 } },
    ])
  })

  it('keeps absent fields and clears null fields', async () => {
    const server = await serverWithPeer()
    server.setPeer(publicKey, {
      lastHandshake,
      receiveBytes: 1,
      endpoint: { host: '::1', port: 5 },
    })
    server.setPeer(publicKey, { transmitBytes: 2, lastHandshake: undefined })
    expect(server.device().peers).toMatchObject([
      { lastHandshake, receiveBytes: 1, transmitBytes: 2, endpoint: { host: '::1', port: 5 } },
    ])
    server.setPeer(publicKey, { lastHandshake: null, endpoint: null })
    expect(server.device().peers).toMatchObject([
      { lastHandshake: undefined, receiveBytes: 1, transmitBytes: 2, endpoint: undefined },
    ])
  })

  it('keeps no reference to a date', async () => {
    const server = await serverWithPeer()
    const date = new Date(lastHandshake)
    server.setPeer(publicKey, { lastHandshake: date })
    date.setTime(1)
    server.device().peers[0]?.lastHandshake?.setTime(2)
    expect(server.device().peers[0]?.lastHandshake).toEqual(lastHandshake)
  })

  it('refuses an unknown peer and names it', async () => {
    const server = await serverWithPeer()
    const peer = base64Of(BOB)
    expect(() => server.setPeer(peer, {})).toThrow(
      expect.objectContaining({ code: 'EINVAL', peer, device: 'wg0' }),
    )
    expect(() => server.setPeer('x', {})).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  it.each([
    ['an invalid date', { lastHandshake: new Date(Number.NaN) }],
    ['the epoch', { lastHandshake: new Date(0) }],
    ['a negative counter', { receiveBytes: -1 }],
    ['a fractional counter', { transmitBytes: 1.5 }],
    ['a counter of 65 bits', { transmitBytes: 2n ** 64n }],
    ['the nearest number to 2^64 - 1, which is 2^64', { receiveBytes: Number(2n ** 64n - 1n) }],
    ['a name as endpoint', { endpoint: 'example.com:5' }],
  ])('refuses %s and changes nothing', async (_, simulated) => {
    const server = await serverWithPeer()
    const before = server.device()
    const valid = { receiveBytes: 7, lastHandshake }
    expect(() => server.setPeer(publicKey, { ...valid, ...simulated })).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
    expect(server.device()).toEqual(before)
  })
})

describe('close', () => {
  it('ends connections that are idle, in a set, and waiting for one', async () => {
    const server = await startServer()
    const clients = [
      new RawClient(server.path),
      new RawClient(server.path),
      new RawClient(server.path),
    ]
    const [idle, setting, waiting] = clients
    expect(await idle?.ask('get=1\n\n')).toBe('errno=0\n\n')
    await setting?.send('set=1\nfwmark=5\n')
    await waiting?.send('get=1\n\n')
    await server.close()
    expect(await Promise.all(clients.map((client) => client.rest()))).toEqual(['', '', ''])
    expect(existsSync(server.path)).toBe(false)
  })

  it('ends a connection whose client does not read', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    const keys = manyPeers(10_000)
    await client.ask(setOf(keys))
    client.pause()
    await client.send('get=1\n\n')
    await server.close()
    expect(existsSync(server.path)).toBe(false)
  })

  it('releases the port of a set that it interrupts', async () => {
    const server = await startServer()
    await new RawClient(server.path).send('set=1\nlisten_port=51820')
    await turns(10)
    await server.close()
    expect(server.device().listenPort).toBe(0)
    expect(await new RawClient((await startServer()).path).set('listen_port=51820')).toBe('errno=0')
  })

  it('may be called twice, and the device can still be read', async () => {
    const server = await startServer()
    await new RawClient(server.path).set('listen_port=51820', `public_key=${ALICE}`)
    const first = server.close()
    expect(server.close()).toBe(first)
    await first
    expect(server.device()).toMatchObject({
      listenPort: 0,
      peers: [{ publicKey: base64Of(ALICE) }],
    })
  })

  it('is called by disposal, and the name is free again', async () => {
    const server = await startServer()
    await server[Symbol.asyncDispose]()
    const directory = server.path.slice(0, server.path.lastIndexOf('/'))
    const next = await startServer({ directory })
    expect(next.path).toBe(server.path)
  })

  it('leaves nothing that keeps a process alive', async () => {
    const before = pipes()
    const server = await startServer()
    const client = new RawClient(server.path)
    await client.ask('get=1\n\n')
    await server.close()
    await client.rest()
    client.hangUp()
    await until(() => pipes() <= before, 'every socket is closed')
    expect(pipes()).toBeLessThanOrEqual(before)
  })
})

/** How many pipes and unix sockets keep the process alive. */
function pipes(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('Pipe')).length
}

async function serverWithPeer(): Promise<UapiServer> {
  const server = await startServer()
  await new RawClient(server.path).set(`public_key=${ALICE}`)
  return server
}
