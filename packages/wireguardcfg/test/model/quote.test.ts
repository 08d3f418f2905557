import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { mangledKey, mangledKeys, shows } from '../../../../test-fixtures/mangled-keys.js'
import { SecretKey } from '../../src/model/key.js'
import { hideKeys, mayHoldKey, quote } from '../../src/model/quote.js'

const KEY = Buffer.from('e0393d6db157d9c49f0589f1e8bb8d84bb8e850a362662649916b6a6f0e6f8d5', 'hex')
const TEXT = KEY.toString('base64')

const ORDINARY = [
  // Host names and addresses
  'vpn.example.com:51820',
  'internal-a1b2c3d4e5f6-1234567890.eu-central-1.elb.amazonaws.com:51820',
  'ec2-203-0-113-25.eu-central-1.compute.amazonaws.com',
  'wireguard-gateway-7d9f8b6c5d-x2x4z.kube-system.svc.cluster.local',
  'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi.ipfs.example.com',
  'WIN-4F2K9Q7L1AB.corp.Example.COM',
  'a'.repeat(63),
  '0123456789'.repeat(7),
  '2001:0db8:85a3:08d3:1319:8a2e:0370:7344',
  'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
  '[fe80::1ff:fe23:4567:890a%enp0s31f6]:51820',
  '2001:db8::1/128, 2001:db8::2/128, fd12:3456:789a:1::/64, 10.0.0.0/8, 192.168.0.0/16',
  '00:1A:2B:3C:4D:5E 00:1A:2B:3C:4D:5F',
  // Paths of files
  '/var/run/wireguard/wg0.sock',
  '/usr/local/lib/node/modules/wireguard/dist/userspace/implementation.js',
  '/Users/JohnAppleseed/Library/Application Support/WireGuard/Office Tunnel.conf',
  '/home/user/Documents/Projects/NetworkManager/SystemConnections/HomeOffice.conf',
  'C:\\Users\\John Doe\\AppData\\Local\\WireGuard\\Configurations\\office.conf.dpapi',
  '/var/lib/kubelet/pods/1b4f2c3d-8a9e-4c5b-9d0f-1a2b3c4d5e6f/volumes/kubernetes.io~configmap',
  '/sys/devices/pci0000:00/0000:00:1c.0/0000:01:00.0/net/enp1s0/statistics/rx_bytes',
  // Identifiers
  '123e4567-e89b-12d3-a456-426614174000',
  '123E4567-E89B-12D3-A456-426614174000',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4',
  'persistentKeepaliveIntervalInSecondsForEveryPeer',
  'thisIsAVeryLongPropertyNameThatNobodyKnowsAtAll',
  'WG_QUICK_USERSPACE_IMPLEMENTATION_OF_THIS_MACHINE',
  'WGDEVICE_A_PEERS[0].WGPEER_A_ALLOWEDIPS[3].WGALLOWEDIP_A_CIDR_MASK',
  'no_PROPER_snake_case_name_either_but_LONG_ENOUGH',
  '2024-01-02T03:04:05.678Z/2024-12-31T23:59:59.999Z',
  '51820,51821,51822,51823,51824,51825,51826,51827',
  // Words and sentences
  'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch',
  'pneumonoultramicroscopicsilicovolcanoconiosis',
  'Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft',
  'The Quick Brown Fox Jumps Over The Lazy Dog And Goes Home',
  'THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG',
  'Attribute failed policy validation at offset 1234 of message 56 (type 0x1c)',
  '=========================================================',
  '0'.repeat(40),
]

describe('quote', () => {
  it.each([
    ['text', 'wg0', '"wg0"'],
    ['quotes', 'a"b', '"a\\"b"'],
    ['a newline and a NUL', 'a\nb\0', '"a\\nb\\u0000"'],
    ['a terminal escape', '\u001b[31m', '"\\u001b[31m"'],
    ['a terminal escape in one character', 'a\u009b31m', '"a\\u{9b}31m"'],
    ['delete', 'a\u007f', '"a\\u{7f}"'],
    ['a change of direction', 'a\u202eb', '"a\\u{202e}b"'],
    ['a line separator', 'a\u2028b', '"a\\u{2028}b"'],
    ['a lone surrogate', 'a\ud800', '"a\\ud800"'],
    ['a byte that is not UTF-8', 'a\udce9', '"a\\xe9"'],
    ['the escape of a byte, written out', String.raw`a\udce9`, String.raw`"a\\udce9"`],
    ['what cannot be seen', 'a\u200b\u00a0\u3164', '"a\\u{200b}\\u{a0}\\u{3164}"'],
    ['other letters', 'd\u00e4\u{1f600}', '"d\u00e4\u{1f600}"'],
    ['no text', '', '""'],
    ['null', null, 'null'],
    ['undefined', undefined, 'a value of type undefined'],
    ['an object', { text: 'x' }, 'a value of type object'],
    ['a symbol', Symbol('x'), 'a value of type symbol'],
  ])('%s', (_, value, expected) => expect(quote(value)).toBe(expected))

  it('cuts long text', () => {
    expect(quote('ab.'.repeat(1000))).toBe(`"${'ab.'.repeat(1000).slice(0, 80)}…"`)
  })

  it.each(mangledKeys(KEY))('hides a key %s, wherever it starts', (_, mangled) => {
    for (let before = 0; before <= 80; before++) {
      for (const filler of ['.', 'x']) {
        expect(shows(quote(filler.repeat(before) + mangled.text), mangled)).toBe(false)
      }
    }
  })

  it.each(ORDINARY)('shows %j', (text) => {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text
    expect(quote(text)).toBe(JSON.stringify(shown))
    expect(hideKeys(text)).toBe(text)
  })

  it('never shows 12 characters in a row of a key', () => {
    fc.assert(
      fc.property(mangledKey, (mangled) => {
        expect(shows(quote(mangled.text), mangled)).toBe(false)
      }),
      runs(2000),
    )
  })
})

describe('hideKeys', () => {
  it.each([
    ['a key alone', TEXT, '(hidden)'],
    ['a key in quotes', `Invalid argument: \`${TEXT}'`, "Invalid argument: `(hidden)'"],
    ['two keys', `${TEXT} and ${KEY.toString('hex')}.`, '(hidden) and (hidden).'],
    [
      'the rest of the word that the key is in',
      `open '/etc/wireguard/${TEXT}.conf'`,
      "open '(hidden).conf'",
    ],
    ['the name before a key', `option=${TEXT}`, 'option=(hidden)'],
    ['a key without entropy', `${'A'.repeat(43)}=`, '(hidden)'],
  ])('hides %s', (_, text, expected) => expect(hideKeys(text)).toBe(expected))

  it('never shows 12 characters in a row of a key', () => {
    fc.assert(
      fc.property(mangledKey, (mangled) => {
        expect(mayHoldKey(mangled.text)).toBe(true)
        expect(shows(hideKeys(mangled.text), mangled)).toBe(false)
      }),
      runs(2000),
    )
  })

  it('finds every key that is made', () => {
    for (let i = 0; i < 2000; i++) {
      const key = SecretKey.generatePrivate()
      expect(hideKeys(`${key.toBase64()} ${key.toHex()}`)).toMatch(/^\(hidden\)(?: \(hidden\))?$/)
    }
  })

  it('takes time that grows with the text alone', () => {
    const text = `${TEXT.slice(0, 30)} `.repeat(20_000)
    expect(hideKeys(text).length).toBeLessThanOrEqual(text.length)
  })
})
