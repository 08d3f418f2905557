import { describe, expect, it } from '@jest/globals'
import { checkDeviceConfig, markChecked } from '../../src/backend/check.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../../src/model/config.js'
import { SecretKey } from '../../src/model/key.js'
import { everyText, partsOf, rejected } from '../model/faults.js'

const SECRET = SecretKey.generatePrivate()
const KEY = SECRET.publicKey()
const OTHER = SecretKey.generatePrivate().publicKey()
const TEXT = SECRET.toBase64()
const ZERO = `${'A'.repeat(43)}=`

const peer = (fields: object) => ({ peers: [{ publicKey: OTHER }, { publicKey: KEY, ...fields }] })
const at = (field: string) => `peers[1].${field}`

const BAD: [name: string, config: unknown, path: string | undefined, message: RegExp][] = [
  ['nothing', undefined, undefined, /expected an object/],
  ['null', null, undefined, /expected an object/],
  ['text', TEXT, undefined, /expected an object/],
  ['an array', [], undefined, /expected an object/],
  ['a function', () => {}, undefined, /expected an object/],
  [
    'a promise',
    Promise.resolve({ listenPort: 1 }),
    undefined,
    /expected an object; await the promise first/,
  ],
  ['a Map', new Map([['listenPort', 1]]), undefined, /expected an object/],
  ['bytes', SECRET.bytes(), undefined, /expected an object/],

  ['port 70000', { listenPort: 70000 }, 'listenPort', /0 to 65535/],
  ['port 65536', { listenPort: 65536 }, 'listenPort', /0 to 65535/],
  ['port -1', { listenPort: -1 }, 'listenPort', /0 to 65535/],
  ['port 1.5', { listenPort: 1.5 }, 'listenPort', /0 to 65535/],
  ['port NaN', { listenPort: Number.NaN }, 'listenPort', /0 to 65535/],
  ['port Infinity', { listenPort: Number.POSITIVE_INFINITY }, 'listenPort', /0 to 65535/],
  ['port 2^60', { listenPort: 2 ** 60 }, 'listenPort', /0 to 65535/],
  ['a port as text', { listenPort: '51820' }, 'listenPort', /0 to 65535/],
  ['a port as BigInt', { listenPort: 51820n }, 'listenPort', /0 to 65535/],
  ['a port of null', { listenPort: null }, 'listenPort', /0 to 65535/],
  ['a port as object', { listenPort: Object(1) }, 'listenPort', /0 to 65535/],
  ['a mark of 33 bits', { firewallMark: 2 ** 32 }, 'firewallMark', /0 to 4294967295/],
  ['a negative mark', { firewallMark: -1 }, 'firewallMark', /0 to 4294967295/],
  ['a flag as text', { replacePeers: 'true' }, 'replacePeers', /true or false/],
  ['a flag as number', { replacePeers: 1 }, 'replacePeers', /true or false/],
  ['a flag of null', { replacePeers: null }, 'replacePeers', /true or false/],

  ['a key of 43 characters', { privateKey: TEXT.slice(1) }, 'privateKey', /got 43 characters/],
  ['a key of 45 characters', { privateKey: `${TEXT}=` }, 'privateKey', /got 45 characters/],
  [
    'a key that is not canonical',
    { privateKey: `${TEXT.slice(0, 42)}B=` },
    'privateKey',
    /unused bits/,
  ],
  ['a key with a newline', { privateKey: `${TEXT}\n` }, 'privateKey', /white space/],
  ['a key in hexadecimal', { privateKey: SECRET.toHex() }, 'privateKey', /only SecretKey\.parse/],
  ['a redacted key', { privateKey: '(hidden)' }, 'privateKey', /redacted/],
  ['an all-zero secret', { privateKey: ZERO }, 'privateKey', /use null/],
  ['an empty secret', { privateKey: '' }, 'privateKey', /got 0 characters/],
  ['a secret as bytes', { privateKey: SECRET.bytes() }, 'privateKey', /SecretKey or base64/],
  ['a cloned secret', { privateKey: structuredClone(SECRET) }, 'privateKey', /SecretKey or base64/],
  [
    'a secret by prototype only',
    { privateKey: Object.create(SecretKey.prototype) },
    'privateKey',
    /SecretKey or/,
  ],

  ['peers as object', { peers: {} }, 'peers', /expected an array/],
  ['peers as bytes', { peers: SECRET.bytes() }, 'peers', /expected an array/],
  ['peers as text', { peers: TEXT }, 'peers', /expected an array/],
  ['peers of null', { peers: null }, 'peers', /expected an array/],
  ['a peer of null', { peers: [null] }, 'peers[0]', /expected an object/],
  ['a peer as text', { peers: [KEY, TEXT] }, 'peers[0]', /expected an object/],
  [
    'a hole among the peers',
    { peers: Object.assign([], { 1: { publicKey: KEY } }) },
    'peers[0]',
    /an object/,
  ],
  ['a peer without a key', { peers: [{}] }, 'peers[0].publicKey', /expected a string/],
  [
    'a public key as secret',
    { peers: [{ publicKey: SECRET }] },
    'peers[0].publicKey',
    /expected a string/,
  ],
  [
    'a public key in hexadecimal',
    { peers: [{ publicKey: SECRET.toHex() }] },
    'peers[0].publicKey',
    /only SecretKey/,
  ],
  [
    'a public key with a newline',
    { peers: [{ publicKey: `${TEXT}\n` }] },
    'peers[0].publicKey',
    /white space/,
  ],
  ['a peer flag as text', peer({ remove: 'yes' }), at('remove'), /true or false/],
  ['an update flag as number', peer({ updateOnly: 0 }), at('updateOnly'), /true or false/],
  [
    'a replace flag of null',
    peer({ replaceAllowedIPs: null }),
    at('replaceAllowedIPs'),
    /true or false/,
  ],
  ['an all-zero preshared key', peer({ presharedKey: ZERO }), at('presharedKey'), /use null/],
  [
    'a preshared key in hexadecimal',
    peer({ presharedKey: SECRET.toHex() }),
    at('presharedKey'),
    /only SecretKey/,
  ],
  [
    'keepalive 65536',
    peer({ persistentKeepalive: 65536 }),
    at('persistentKeepalive'),
    /0 to 65535/,
  ],
  ['keepalive off', peer({ persistentKeepalive: 'off' }), at('persistentKeepalive'), /0 to 65535/],

  [
    'an endpoint with port 70000',
    peer({ endpoint: '192.0.2.1:70000' }),
    at('endpoint'),
    /0 to 65535/,
  ],
  [
    'endpoint parts with port -1',
    peer({ endpoint: { host: '::1', port: -1 } }),
    at('endpoint'),
    /0 to 65535/,
  ],
  [
    'endpoint parts with port NaN',
    peer({ endpoint: { host: '::1', port: Number.NaN } }),
    at('endpoint'),
    /port/,
  ],
  [
    'endpoint parts with a port as text',
    peer({ endpoint: { host: '::1', port: '1' } }),
    at('endpoint'),
    /host, port/,
  ],
  [
    'endpoint parts without a port',
    peer({ endpoint: { host: '::1' } }),
    at('endpoint'),
    /host, port/,
  ],
  ['an endpoint of null', peer({ endpoint: null }), at('endpoint'), /"address:port" or/],
  ['an endpoint as array', peer({ endpoint: ['::1', 1] }), at('endpoint'), /"address:port" or/],
  [
    'a name as endpoint',
    peer({ endpoint: 'vpn.example.org:1' }),
    at('endpoint'),
    /Resolve the name to an address/,
  ],
  [
    'a name as host',
    peer({ endpoint: { host: 'vpn', port: 1 } }),
    at('endpoint'),
    /Resolve the name to an address/,
  ],
  [
    'an endpoint with a newline',
    peer({ endpoint: '192.0.2.1:1\nremove=true' }),
    at('endpoint'),
    /address:port/,
  ],
  [
    'a host with a newline',
    peer({ endpoint: { host: '::1\n', port: 1 } }),
    at('endpoint'),
    /IPv4 or IPv6/,
  ],
  [
    'a zone with a newline',
    peer({ endpoint: { host: 'fe80::1%a\nb', port: 1 } }),
    at('endpoint'),
    /after the %/,
  ],
  ['a key as endpoint', peer({ endpoint: TEXT }), at('endpoint'), /expected address:port/],

  ['10.0.0.0/33', peer({ allowedIPs: ['::/0', '10.0.0.0/33'] }), at('allowedIPs[1]'), /exceeds 32/],
  [
    'an allowed IP with a zone',
    peer({ allowedIPs: ['fe80::1%eth0'] }),
    at('allowedIPs[0]'),
    /IPv4 or IPv6/,
  ],
  [
    'an allowed IP with a newline',
    peer({ allowedIPs: ['10.0.0.0/8\n'] }),
    at('allowedIPs[0]'),
    /prefix length/,
  ],
  ['an allowed IP as number', peer({ allowedIPs: [10] }), at('allowedIPs[0]'), /expected a string/],
  [
    'a hole among the allowed IPs',
    peer({ allowedIPs: Array(2) }),
    at('allowedIPs[0]'),
    /expected a string/,
  ],
  [
    'allowed IPs as text',
    peer({ allowedIPs: '10.0.0.0/8' }),
    at('allowedIPs'),
    /expected an array/,
  ],
  ['allowed IPs of null', peer({ allowedIPs: null }), at('allowedIPs'), /expected an array/],
  [
    'allowed IPs as set',
    peer({ allowedIPs: new Set(['::/0']) }),
    at('allowedIPs'),
    /expected an array/,
  ],
  [
    'allowed IPs as bytes',
    peer({ allowedIPs: SECRET.bytes() }),
    at('allowedIPs'),
    /expected an array/,
  ],
  ['a key as allowed IP', peer({ allowedIPs: [TEXT] }), at('allowedIPs[0]'), /hidden/],
  [
    'a bad removal',
    peer({ removeAllowedIPs: ['10.0.0.0/33'] }),
    at('removeAllowedIPs[0]'),
    /exceeds 32/,
  ],
  [
    'an allowed IP both added and removed, in two spellings',
    peer({ allowedIPs: ['::/0', '10.0.0.1/8'], removeAllowedIPs: ['::1', '10.0.0.0/8'] }),
    at('removeAllowedIPs[1]'),
    /"10\.0\.0\.0\/8": also in allowedIPs/,
  ],
  [
    'a key twice',
    { peers: [{ publicKey: KEY }, { publicKey: OTHER }, { publicKey: KEY, remove: true }] },
    'peers[2].publicKey',
    /same public key as peers\[0\]/,
  ],

  ['the typo allowedIps', peer({ allowedIps: [] }), at('allowedIps'), /did you mean allowedIPs\?/],
  ['the typo AllowedIPs', peer({ AllowedIPs: [] }), at('AllowedIPs'), /did you mean allowedIPs\?/],
  [
    'the typo persistent_keepalive',
    peer({ persistent_keepalive: 5 }),
    at('persistent_keepalive'),
    /persistentKeep/,
  ],
  [
    'the typo publickey',
    { peers: [{ publickey: KEY }] },
    'peers[0].publickey',
    /did you mean publicKey\?/,
  ],
  ['the typo listen_port', { listen_port: 1 }, 'listen_port', /did you mean listenPort\?/],
  ['a field of a peer in the device', { allowedIPs: [] }, 'allowedIPs', /unknown field$/],
  ['a field of the device in a peer', peer({ listenPort: 1 }), at('listenPort'), /unknown field$/],
  [
    'a field that can only be read',
    peer({ lastHandshake: new Date() }),
    at('lastHandshake'),
    /unknown field$/,
  ],
  [
    'a field in the endpoint',
    peer({ endpoint: { host: '::1', port: 1, x: 1 } }),
    at('endpoint.x'),
    /unknown/,
  ],
  ['a field with a strange name', { 'a\nb c': 1 }, '["a\\nb c"]', /unknown field$/],
  ['a field with no name', { '': 1 }, '[""]', /unknown field$/],
  ['a field named like a method', { toString: 1 }, 'toString', /unknown field$/],
  ['a secret as field name', { [TEXT]: 1 }, '[(text with a key in it, hidden)]', /unknown field$/],
  [
    '__proto__ in a body',
    JSON.parse('{"__proto__":{"listenPort":1}}'),
    '__proto__',
    /unknown field$/,
  ],
  [
    '__proto__ in a peer of a body',
    JSON.parse(`{"peers":[{"publicKey":"${KEY}","__proto__":{"remove":true}}]}`),
    'peers[0].__proto__',
    /unknown field$/,
  ],
]

describe('checkDeviceConfig refuses', () => {
  it.each(BAD)('%s', async (_, config, path, message) => {
    const error = await rejected(checkDeviceConfig(config as DeviceConfig))
    expect(error.code).toBe('EINVAL')
    expect(error.path).toBe(path)
    expect(error.message).toMatch(message)
    expect(error.message).toContain(path ?? 'check configuration: expected')
    expect(error.message).not.toMatch(/[\n\0]/)
    expect(error.cause).toBeUndefined()
    expect(partsOf(TEXT, everyText(error))).toEqual([])
    expect(partsOf(SECRET.toHex(), everyText(error))).toEqual([])
  })

  it('the first of several faults', async () => {
    const config = { listenPort: -1, peers: [{ publicKey: KEY, allowedIPs: ['x'] }] }
    expect((await rejected(checkDeviceConfig(config))).path).toBe('listenPort')
  })

  it('an unknown field before another fault beside it, but not before a fault elsewhere', async () => {
    const peers = [{ publicKey: KEY, typo: 1 }]
    const beside = { listenPort: -1, typo: 1, peers }
    expect((await rejected(checkDeviceConfig(beside))).path).toBe('typo')
    const elsewhere = { listenPort: -1, peers }
    expect((await rejected(checkDeviceConfig(elsewhere))).path).toBe('listenPort')
  })

  it('a very large configuration without repeating it', async () => {
    const peers = Array.from({ length: 5000 }, () => ({ publicKey: 'x'.repeat(1000) }))
    const error = await rejected(checkDeviceConfig({ peers }))
    expect(error.path).toBe('peers[0].publicKey')
    expect(everyText(error).length).toBeLessThan(10_000)
  })
})

describe('checkDeviceConfig gives', () => {
  it('parsed keys and canonical text', async () => {
    const checked = await checkDeviceConfig({
      privateKey: TEXT,
      listenPort: 0,
      firewallMark: 0xffff_ffff,
      replacePeers: false,
      peers: [
        {
          publicKey: KEY,
          presharedKey: SECRET,
          endpoint: '[2001:DB8::1]:65535',
          persistentKeepalive: 65535,
          allowedIPs: ['10.0.0.1/24', '::ffff:1.2.3.4', '::102:304/127'],
          removeAllowedIPs: ['FD00::1/8'],
        },
        {
          publicKey: ZERO,
          presharedKey: null,
          endpoint: { host: 'FE80::1%eth0', port: 0 },
          allowedIPs: [],
        },
        { publicKey: OTHER, remove: true, updateOnly: true, replaceAllowedIPs: true },
      ],
    })
    expect(checked).toStrictEqual({
      privateKey: SECRET,
      listenPort: 0,
      firewallMark: 0xffff_ffff,
      replacePeers: false,
      peers: [
        {
          publicKey: KEY,
          presharedKey: SECRET,
          endpoint: { host: '2001:db8::1', port: 65535 },
          persistentKeepalive: 65535,
          allowedIPs: ['10.0.0.0/24', '::ffff:1.2.3.4/128', '::1.2.3.4/127'],
          removeAllowedIPs: ['fd00::/8'],
        },
        {
          publicKey: ZERO,
          presharedKey: null,
          endpoint: { host: 'fe80::1%eth0', port: 0 },
          allowedIPs: [],
        },
        { publicKey: OTHER, remove: true, updateOnly: true, replaceAllowedIPs: true },
      ],
    })
  })

  it('leave alone, clear and absent apart', async () => {
    expect(await checkDeviceConfig({})).toStrictEqual({})
    expect(await checkDeviceConfig({ privateKey: undefined, peers: undefined })).toEqual({})
    expect(await checkDeviceConfig({ privateKey: null, peers: [] })).toStrictEqual({
      privateKey: null,
      peers: [],
    })
  })

  it('a frozen copy, and does not change its input', async () => {
    const endpoint = { host: '::1', port: 1 }
    const allowedIPs = ['10.0.0.1/8']
    const removeAllowedIPs = ['10.0.0.1']
    const given = { peers: [{ publicKey: KEY, endpoint, allowedIPs, removeAllowedIPs }] }
    const checked = await checkDeviceConfig(given)
    const [only] = checked.peers!
    for (const part of [
      checked,
      checked.peers,
      only,
      only!.endpoint,
      only!.allowedIPs,
      only!.removeAllowedIPs,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    for (const part of [
      given,
      given.peers,
      given.peers[0],
      endpoint,
      allowedIPs,
      removeAllowedIPs,
    ]) {
      expect(Object.isFrozen(part)).toBe(false)
    }
    allowedIPs.push('nonsense\n')
    endpoint.host = 'nonsense\n'
    expect(only).toMatchObject({ endpoint: { host: '::1' }, allowedIPs: ['10.0.0.0/8'] })
  })

  it('a checked configuration unchanged', async () => {
    const checked = await checkDeviceConfig({ peers: [{ publicKey: KEY, allowedIPs: ['::/0'] }] })
    expect(await checkDeviceConfig(checked)).toBe(checked)
  })

  it('a copy of a checked configuration checked again', async () => {
    const checked = await checkDeviceConfig({ listenPort: 1 })
    const path = (await rejected(checkDeviceConfig({ ...checked, listenPort: 70000 }))).path
    expect(path).toBe('listenPort')
  })

  it('values that are read once, so that a getter cannot change them later', async () => {
    const values = ['10.0.0.0/8', 'evil\n', 'evil\n']
    let reads = 0
    const config = {
      peers: [
        {
          publicKey: KEY,
          get allowedIPs() {
            return [values[reads++]!]
          },
        },
      ],
    }
    const checked = await checkDeviceConfig(config)
    expect(checked.peers![0]!.allowedIPs).toEqual(['10.0.0.0/8'])
    expect(checked.peers![0]!.allowedIPs).toEqual(['10.0.0.0/8'])
    expect(Object.getOwnPropertyDescriptor(checked.peers![0], 'allowedIPs')).toHaveProperty('value')
  })

  it('plain objects for any kind of object', async () => {
    class Mine {
      listenPort = 7
    }
    const checked = await checkDeviceConfig(new Mine())
    expect(Object.getPrototypeOf(checked)).toBe(Object.prototype)
    expect(checked).toStrictEqual({ listenPort: 7 })
    expect(
      await checkDeviceConfig(Object.assign(Object.create(null), { listenPort: 7 })),
    ).toStrictEqual(checked)
  })

  it('a secret that does not follow the bytes it was made from', async () => {
    const bytes = SECRET.bytes()
    const { privateKey } = await checkDeviceConfig({ privateKey: SecretKey.parse(bytes) })
    bytes.fill(1)
    expect(privateKey).toEqual(SECRET)
  })
})

describe('markChecked', () => {
  it('makes a configuration pass without a check, and freezes all of it', async () => {
    const config: CheckedDeviceConfig = {
      privateKey: SECRET,
      peers: [
        {
          publicKey: KEY,
          endpoint: { host: '::1', port: 1 },
          allowedIPs: ['::/0'],
          removeAllowedIPs: [],
        },
      ],
    }
    expect(markChecked(config)).toBe(config)
    expect(await checkDeviceConfig(config)).toBe(config)
    const [only] = config.peers!
    for (const part of [
      config,
      config.peers,
      only,
      only!.endpoint,
      only!.allowedIPs,
      only!.removeAllowedIPs,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('accepts a configuration without peers', async () => {
    const config = markChecked({ listenPort: 1 })
    expect(await checkDeviceConfig(config)).toBe(config)
  })
})
