import { describe, expect, it } from '@jest/globals'
import { checkConf, clientConf, type ClientConfInit, formatConf } from '../../src/conf.js'
import { SecretKey } from '../../src/index.js'
import { thrown } from '../model/faults.js'
import { KEY_A, PRIVATE_KEY, PSK } from './wg-cases.js'

const LEAST: ClientConfInit = {
  privateKey: PRIVATE_KEY,
  addresses: ['10.8.0.2'],
  server: { publicKey: KEY_A, endpoint: 'vpn.example.com:51820' },
}

describe('the file of a client', () => {
  it('has what a phone needs', () => {
    const conf = clientConf(LEAST)
    expect(formatConf(conf)).toBe(`[Interface]
PrivateKey = ${PRIVATE_KEY}
Address = 10.8.0.2/32

[Peer]
PublicKey = ${KEY_A}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = vpn.example.com:51820
`)
    expect(checkConf(conf)).toEqual([])
  })

  it('has all that is given', () => {
    const conf = clientConf({
      privateKey: SecretKey.parse(PRIVATE_KEY),
      addresses: ['10.8.0.2/24', 'FD00::2'],
      dns: ['10.8.0.1', 'fd00::1', 'corp.example'],
      mtu: 1280,
      server: {
        publicKey: KEY_A,
        name: 'office',
        presharedKey: SecretKey.parse(PSK),
        endpoint: { host: '2001:db8::1', port: 1 },
        allowedIPs: ['10.8.0.0/24'],
        persistentKeepalive: 25,
      },
    })
    expect(formatConf(conf)).toBe(`[Interface]
PrivateKey = ${PRIVATE_KEY}
Address = 10.8.0.2/24, fd00::2/128
DNS = 10.8.0.1, fd00::1, corp.example
MTU = 1280

[Peer]
# friendly_name = office
PublicKey = ${KEY_A}
PresharedKey = ${PSK}
AllowedIPs = 10.8.0.0/24
Endpoint = [2001:db8::1]:1
PersistentKeepalive = 25
`)
    expect(checkConf(conf)).toEqual([])
  })

  it.each<[string, object, string]>([
    ['no key', { privateKey: undefined }, 'privateKey'],
    ['a key that is cleared', { privateKey: null }, 'privateKey'],
    ['a key of zeros', { privateKey: `${'A'.repeat(43)}=` }, 'privateKey'],
    ['no address', { addresses: [] }, 'addresses'],
    [
      'an address that is none',
      { addresses: ['10.8.0.2', '10.8.0.2\nPostUp = x'] },
      'addresses[1]',
    ],
    ['a DNS that is two', { dns: ['10.8.0.1, 10.8.0.2'] }, 'dns[0]'],
    ['a DNS with a comment', { dns: ['10.8.0.1#x'] }, 'dns[0]'],
    ['a tiny MTU', { mtu: 100 }, 'mtu'],
    ['no server', { server: undefined }, 'server'],
    ['no endpoint', { server: { publicKey: KEY_A } }, 'server.endpoint'],
    ['a bad endpoint', { server: { ...LEAST.server, endpoint: 'x' } }, 'server.endpoint'],
    ['a bad key', { server: { ...LEAST.server, publicKey: 'x' } }, 'server.publicKey'],
    ['a sign', { server: { ...LEAST.server, allowedIPs: ['+::/0'] } }, 'server.allowedIPs[0]'],
    ['a number', { server: { ...LEAST.server, allowedIPs: [5] } }, 'server.allowedIPs[0]'],
    ['a misspelt field', { server: { ...LEAST.server, psk: PSK } }, 'server.psk'],
  ])('is refused with %s', (_, fields, path) => {
    const error = thrown(() => clientConf({ ...LEAST, ...fields }))
    expect(error).toMatchObject({ code: 'EINVAL', path })
    expect(error.message).not.toContain(PSK)
  })
})
