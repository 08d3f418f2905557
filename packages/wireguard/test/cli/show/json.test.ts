import { beforeEach, describe, expect, it } from '@jest/globals'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../../test-fixtures/sample.js'
import { commandFixture } from '../fixture.js'

const wg = commandFixture()
const KEY = publicKeyOf(1)
const SECRET = privateKeyOf(1).toBase64()

describe('show --json', () => {
  beforeEach(async () => {
    await wg.client.configureDevice('wg0', {
      privateKey: SECRET,
      listenPort: 51820,
      firewallMark: 31,
      peers: [
        {
          publicKey: KEY,
          presharedKey: presharedKeyOf(1),
          endpoint: '[2001:db8::1]:1',
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.0/8'],
        },
        { publicKey: publicKeyOf(2) },
      ],
    })
    wg.server.setPeer(KEY, { lastHandshake: new Date(1.7e12), receiveBytes: 1, transmitBytes: 2 })
  })
  const PEER = {
    publicKey: KEY,
    presharedKey: '(hidden)',
    endpoint: '[2001:db8::1]:1',
    persistentKeepalive: 25,
    lastHandshake: '2023-11-14T22:13:20.000Z',
    receiveBytes: 1,
    transmitBytes: 2,
    allowedIPs: ['10.0.0.0/8'],
    protocolVersion: 1,
  }
  const DEVICE = {
    version: 1,
    name: 'wg0',
    backend: 'userspace',
    index: null,
    privateKey: '(hidden)',
    publicKey: privateKeyOf(1).publicKey(),
    listenPort: 51820,
    firewallMark: 31,
    peers: [
      PEER,
      {
        publicKey: publicKeyOf(2),
        presharedKey: null,
        endpoint: null,
        persistentKeepalive: 0,
        lastHandshake: null,
        receiveBytes: 0,
        transmitBytes: 0,
        allowedIPs: [],
        protocolVersion: 1,
      },
    ],
  }
  const byPeer = (one: unknown, other: unknown) => ({ [KEY]: one, [publicKeyOf(2)]: other })

  it.each<[string, unknown]>([
    ['--json', [DEVICE]],
    ['all --json', [DEVICE]],
    ['wg0 --json', DEVICE],
    ['wg0 dump --json', DEVICE],
    ['interfaces --json', ['wg0']],
    ['wg0 public-key --json', DEVICE.publicKey],
    ['--json wg0 private-key', '(hidden)'],
    ['wg0 private-key --json --reveal', SECRET],
    ['wg0 listen-port --json', 51820],
    ['all listen-port --json', { wg0: 51820 }],
    ['wg0 fwmark --json', 31],
    ['wg0 peers --json', [KEY, publicKeyOf(2)]],
    ['wg0 preshared-keys --json', byPeer('(hidden)', null)],
    ['wg0 preshared-keys --json --reveal', byPeer(presharedKeyOf(1).toBase64(), null)],
    ['wg0 endpoints --json', byPeer('[2001:db8::1]:1', null)],
    ['wg0 allowed-ips --json', byPeer(['10.0.0.0/8'], [])],
    ['wg0 latest-handshakes --json', byPeer(PEER.lastHandshake, null)],
    [
      'all transfer --json',
      {
        wg0: byPeer({ receiveBytes: 1, transmitBytes: 2 }, { receiveBytes: 0, transmitBytes: 0 }),
      },
    ],
    ['wg0 persistent-keepalive --json', byPeer(25, 0)],
  ])('%s', async (text, expected) => {
    const { stdout, stderr, code } = await wg.line(`show ${text}`)
    expect(JSON.parse(stdout)).toStrictEqual(expected)
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
  })

  it('reveals every key of a device, and only when asked to', async () => {
    const shown = JSON.parse((await wg.line('show wg0 --json --reveal')).stdout)
    expect(shown).toMatchObject({
      privateKey: SECRET,
      peers: [{ presharedKey: presharedKeyOf(1).toBase64() }, { presharedKey: null }],
    })
    const { stdout } = await wg.line('show wg0 --reveal')
    expect(stdout).toContain(`private key: ${SECRET}`)
  })

  it('refuses a field that does not exist', async () => {
    const { stderr, code } = await wg.line('show wg0 bogus --json')
    expect(stderr).toMatch(/^Invalid parameter: `bogus'\nUsage/)
    expect(code).toBe(1)
  })
})
