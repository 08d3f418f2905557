import { describe, expect, it } from '@jest/globals'
import { ConfError, interfaceSettings, parseConf, peerSettings } from '../../src/conf.js'
import { SecretKey } from '../../src/model/key.js'
import { thrown } from '../model/faults.js'
import { KEY_A, PRIVATE_KEY, PSK, ZERO } from './wg-cases.js'

describe('interfaceSettings', () => {
  it('reads every key of wg and wg-quick', () => {
    const text = `[Interface]
PrivateKey = ${PRIVATE_KEY}
ListenPort = 51820
FwMark = 0x1f
Address = 10.0.0.1/24, fd00::0:1/64 10.1.0.1
Address = 10.2.0.1/8
DNS = 1.1.1.1,fe80::1%eth0
DNS = corp.example
MTU = 1420
Table = off
PreUp = a; b
PostUp = c # d
PostUp = e
PreDown = f
PostDown = g
SaveConfig = TRUE
`
    expect(interfaceSettings(parseConf(text))).toEqual({
      privateKey: SecretKey.parse(PRIVATE_KEY),
      listenPort: 51820,
      firewallMark: 31,
      addresses: ['10.0.0.1/24', 'fd00::1/64', '10.1.0.1', '10.2.0.1/8'],
      dns: { servers: ['1.1.1.1', 'fe80::1%eth0'], search: ['corp.example'] },
      mtu: 1420,
      table: 'off',
      preUp: ['a; b'],
      postUp: ['c # d', 'e'],
      preDown: ['f'],
      postDown: ['g'],
      saveConfig: true,
    })
  })

  it('reads an empty file', () => {
    const settings = interfaceSettings(parseConf(''))
    expect(settings).toMatchObject({ privateKey: undefined, listenPort: undefined, addresses: [] })
  })

  it('refuses the keys of wg-quick in the dialect of wg', () => {
    const conf = parseConf('[Interface]\nMTU = 1420\n')
    expect(interfaceSettings(conf).mtu).toBe(1420)
    expect(thrown(() => interfaceSettings(conf, { dialect: 'wg' }))).toMatchObject({
      code: 'EINVAL',
      detail: 'line 2, column 1, key MTU',
    })
  })
})

describe('peerSettings', () => {
  it('reads every key', () => {
    const text = `[Peer]
# friendly_name = bob
PublicKey = ${KEY_A}
PresharedKey = ${PSK}
AllowedIPs = 10.0.0.1, 10.0.1.9/24
AllowedIPs = ::1
Endpoint = vpn.example.com:51820
PersistentKeepalive = off
`
    expect(peerSettings(parseConf(text))).toEqual([
      {
        line: 1,
        name: 'bob',
        publicKey: KEY_A,
        presharedKey: SecretKey.parse(PSK),
        allowedIPs: ['10.0.0.1/32', '10.0.1.0/24', '::1/128'],
        removeAllowedIPs: [],
        incremental: false,
        endpoint: { host: 'vpn.example.com', port: 51820, isName: true },
        persistentKeepalive: 0,
      },
    ])
  })

  it('reads signs, the last sign of an allowed IP being effective, and a zero key', () => {
    const text = `[Peer]\nPublicKey=${KEY_A}\nPresharedKey=${ZERO}\nAllowedIPs=+10.0.0.1,-10.0.0.2/31,10.0.0.9\nAllowedIPs=-10.0.0.1\n`
    expect(peerSettings(parseConf(text))).toMatchObject([
      {
        presharedKey: null,
        allowedIPs: ['10.0.0.9/32'],
        removeAllowedIPs: ['10.0.0.1/32', '10.0.0.2/31'],
        incremental: true,
      },
    ])
  })

  it('reports the place of the first error', () => {
    const conf = parseConf(`# x\n[Peer]\nPublicKey = ${KEY_A}\n  AllowedIPs = 10.0.0.1, nope\n`)
    const error = thrown(() => peerSettings(conf))
    expect(error).toBeInstanceOf(ConfError)
    expect(error).toMatchObject({
      code: 'EINVAL',
      operation: 'read configuration file',
      detail: 'line 4, column 26, key AllowedIPs',
      problem: { line: 4, column: 26, wgMessage: "Unable to parse IP address: `nope'" },
    })
  })
})
