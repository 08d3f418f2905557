import { describe, expect, it } from '@jest/globals'
import { base64Of } from '../../support/replies.js'
import { ALICE, BOB, RawClient, SECRET, ZERO, manyPeers, setOf, startServer } from './raw-client.js'

describe('get', () => {
  it('has every key in the order of wireguard-go', async () => {
    const server = await startServer()
    const client = new RawClient(server.path)
    await client.set(
      'private_key=' + SECRET,
      'listen_port=51820',
      'fwmark=7',
      `public_key=${ALICE}`,
      'allowed_ip=10.0.0.0/8',
    )
    server.setPeer(base64Of(ALICE), {
      lastHandshake: new Date(1_700_000_000_123),
      receiveBytes: 2 ** 53,
      transmitBytes: 2n ** 64n - 1n,
      endpoint: { host: 'fe80::1%eth0', port: 5 },
    })
    expect(await client.get()).toEqual([
      `private_key=38${'3c'.repeat(30)}7c`,
      'listen_port=51820',
      'fwmark=7',
      `public_key=${ALICE}`,
      `preshared_key=${ZERO}`,
      'protocol_version=1',
      'endpoint=[fe80::1%eth0]:5',
      'last_handshake_time_sec=1700000000',
      'last_handshake_time_nsec=123000000',
      'tx_bytes=18446744073709551615',
      'rx_bytes=9007199254740992',
      'persistent_keepalive_interval=0',
      'allowed_ip=10.0.0.0/8',
    ])
  })

  it('has the peers in another order each time', async () => {
    const server = await startServer({ peerOrder: 'random' })
    const client = new RawClient(server.path)
    const keys = manyPeers(50)
    await client.ask(setOf(keys))
    const order = async (): Promise<string[]> =>
      (await client.get()).filter((line) => line.startsWith('public_key='))
    const [first, second] = [await order(), await order()]
    // Equal by chance once in 50! times.
    expect(first).not.toEqual(second)
    expect(first.toSorted()).toEqual(keys)
    expect(second.toSorted()).toEqual(keys)
    expect(server.device().peers.map(({ publicKey }) => publicKey)).toEqual(
      keys.map((line) => base64Of(line.slice('public_key='.length))),
    )
  })

  it('has the peers in the order of their creation with peerOrder: insertion', async () => {
    const client = new RawClient((await startServer()).path)
    await client.set(`public_key=${BOB}`, `public_key=${ALICE}`, `public_key=${BOB}`)
    const keys = (await client.get()).filter((line) => line.startsWith('public_key='))
    expect(keys).toEqual([`public_key=${BOB}`, `public_key=${ALICE}`])
  })

  it('sends 65536 peers to a client that reads late', async () => {
    const client = new RawClient((await startServer()).path)
    const keys = manyPeers(65_536)
    await client.ask(setOf(keys))
    client.pause()
    await client.send('get=1\n\n')
    client.resume()
    const lines = (await client.reply()).split('\n')
    expect(lines.filter((line) => line.startsWith('public_key='))).toEqual(keys)
  })

  it('sends 50000 allowed IPs of one peer', async () => {
    const client = new RawClient((await startServer()).path)
    const allowedIPs = Array.from(
      { length: 50_000 },
      (_, i) => `allowed_ip=fd00::${i.toString(16)}:1/128`,
    )
    await client.ask(setOf([`public_key=${ALICE}`, ...allowedIPs]))
    const lines = await client.get()
    expect(lines.length).toBe(8 + 50_000)
    expect(lines.at(-1)).toBe(`allowed_ip=fd00::${(49_999).toString(16)}:1/128`)
  })
})
