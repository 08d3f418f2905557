import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { checkDeviceConfig } from '../src/backend/check.js'
import type { DeviceConfig, PeerConfig } from '../src/model/config.js'
import type { Endpoint } from '../src/model/endpoint.js'
import { type Device, emptyPeer } from '../src/model/device.js'
import { SecretKey } from '../src/model/key.js'
import {
  allowedIPSchema,
  deviceConfigSchema,
  deviceJSONSchema,
  endpointSchema,
  peerConfigSchema,
  publicKeySchema,
  secretKeySchema,
} from '../src/schema.js'
import { deviceFromJSON, deviceToJSON } from '../src/state/device-json.js'
import { partsOf } from './model/faults.js'

const SECRET = SecretKey.generatePrivate()
const KEY = SECRET.publicKey()

const BODY = JSON.stringify({
  privateKey: SECRET.toBase64(),
  listenPort: 51820,
  peers: [
    {
      publicKey: KEY,
      presharedKey: null,
      endpoint: '[2001:DB8::1]:51820',
      persistentKeepalive: 25,
      allowedIPs: ['10.0.0.1/24'],
      replaceAllowedIPs: true,
    },
  ],
})

describe('deviceConfigSchema', () => {
  it('turns the JSON of a request into a configuration', async () => {
    const config = deviceConfigSchema.parse(JSON.parse(BODY)) satisfies DeviceConfig
    expect(config).toStrictEqual({
      privateKey: SECRET,
      listenPort: 51820,
      peers: [
        {
          publicKey: KEY,
          presharedKey: null,
          endpoint: { host: '2001:db8::1', port: 51820 },
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.0/24'],
          replaceAllowedIPs: true,
        },
      ],
    })
    expect(await checkDeviceConfig(config)).toEqual(config)
  })

  it('accepts its own result', () => {
    const config = deviceConfigSchema.parse(JSON.parse(BODY))
    expect(deviceConfigSchema.parse(config)).toEqual(config)
  })

  it('reports every fault of a body with its path, and no secret', () => {
    const text = SECRET.toBase64()
    const result = deviceConfigSchema.safeParse({
      privateKey: `${text}x`,
      listenPort: 70000,
      [text]: 1,
      peers: [
        {
          publicKey: SECRET.toHex(),
          presharedKey: SECRET.toHex(),
          endpoint: text,
          allowedIPs: [text],
          allowedIps: [],
        },
        null,
      ],
    })
    const issues = result.error!.issues
    expect(issues.map(({ code, path }) => [code, path.join('.')])).toEqual([
      ['custom', 'privateKey'],
      ['too_big', 'listenPort'],
      ['custom', 'peers.0.publicKey'],
      ['custom', 'peers.0.presharedKey'],
      ['custom', 'peers.0.endpoint'],
      ['custom', 'peers.0.allowedIPs.0'],
      ['unrecognized_keys', 'peers.0'],
      ['invalid_type', 'peers.1'],
      ['unrecognized_keys', ''],
    ])
    // The name of an unknown field is the one thing that zod repeats.
    const others = issues.filter(({ path }) => path.length > 0)
    expect(
      partsOf(text, inspect(others, { depth: 20, showHidden: true }) + JSON.stringify(others)),
    ).toEqual([])
    expect(partsOf(SECRET.toHex(), inspect(result.error, { depth: 20, showHidden: true }))).toEqual(
      [],
    )
  })

  it('reports some of the faults of a list, and looks at no element of one that is too long', () => {
    const peers = Array.from({ length: 2 ** 20 }, () => ({}))
    const many = deviceConfigSchema.safeParse({ peers }).error!.issues
    expect(many).toHaveLength(20)
    expect(many[0]).toMatchObject({ path: ['peers', 0, 'publicKey'], message: 'expected a string' })
    for (const length of [2 ** 20 + 1, 2 ** 32 - 1]) {
      const result = deviceConfigSchema.safeParse({ peers: Object.assign([], { length }) })
      expect(result.error!.issues).toMatchObject([
        { path: ['peers'], message: 'expected at most 1048576 elements' },
      ])
    }
  })

  it('can be extended with the fields of a request', () => {
    const schema = peerConfigSchema.safeExtend({ name: publicKeySchema.optional() })
    expect(schema.parse({ publicKey: KEY, name: KEY })).toStrictEqual({ publicKey: KEY, name: KEY })
  })
})

describe('deviceJSONSchema', () => {
  const privateKey = SecretKey.generatePrivate()
  const peer = {
    ...emptyPeer(privateKey.publicKey()),
    presharedKey: SecretKey.generatePreshared(),
    lastHandshake: new Date(1_700_000_000_123),
    endpoint: { host: 'fe80::1%eth0', port: 1 },
    allowedIPs: ['10.0.0.0/8'],
    receiveBytes: 2 ** 60,
  }
  const device: Device = {
    name: 'wg0',
    backend: 'userspace',
    index: undefined,
    privateKey,
    publicKey: privateKey.publicKey(),
    listenPort: 1,
    firewallMark: 0xffff_ffff,
    peers: [peer, emptyPeer(SecretKey.generatePrivate().publicKey())],
  }

  it.each([true, false])('accepts what deviceToJSON returns, revealed: %s', (reveal) => {
    const json = deviceToJSON(device, { reveal })
    const { data } = parsed({ ...json, ofNextVersion: 1 })
    expect(data).toStrictEqual(json)
    expect(deviceFromJSON(data!).peers).toEqual(deviceFromJSON(json).peers)
  })

  it('refuses what deviceFromJSON refuses, at the same place', () => {
    const json = deviceToJSON(device)
    for (const name of Object.keys(json)) {
      for (const value of [undefined, '/', -1, 1.5, {}, [null], ['/']]) {
        const { error } = parsed({ ...json, [name]: value })
        expect({ name, value, at: error?.issues[0]?.path[0] }).toEqual({ name, value, at: name })
      }
    }
    for (const name of Object.keys(json.peers[0]!)) {
      for (const value of [undefined, '/', -1, 1.5, {}, [null], ['/']]) {
        const bad = { ...json, peers: [json.peers[0], { ...json.peers[1], [name]: value }] }
        const path = parsed(bad).error?.issues[0]?.path.slice(0, 3)
        expect({ name, value, path }).toEqual({ name, value, path: ['peers', 1, name] })
        expect(() => deviceFromJSON(JSON.parse(JSON.stringify(bad)) as never)).toThrow(name)
      }
    }
  })
})

describe('the small schemas', () => {
  it('return what the types say', () => {
    const publicKey = publicKeySchema.parse(KEY) satisfies string
    const secretKey = secretKeySchema.parse(SECRET.toBase64()) satisfies SecretKey
    const endpoint = endpointSchema.parse('192.0.2.1:5') satisfies Endpoint
    const allowedIP = allowedIPSchema.parse('10.1.2.3/8') satisfies string
    const peer = peerConfigSchema.parse({ publicKey, endpoint }) satisfies PeerConfig
    expect({ publicKey, endpoint, allowedIP, peer }).toStrictEqual({
      publicKey: KEY,
      endpoint: { host: '192.0.2.1', port: 5 },
      allowedIP: '10.0.0.0/8',
      peer: { publicKey: KEY, endpoint: { host: '192.0.2.1', port: 5 } },
    })
    expect(secretKey).toEqual(SECRET)
    expect(secretKeySchema.parse(SECRET)).toBe(SECRET)
  })

  it.each([
    ['publicKeySchema', publicKeySchema],
    ['secretKeySchema', secretKeySchema],
    ['endpointSchema', endpointSchema],
    ['allowedIPSchema', allowedIPSchema],
    ['peerConfigSchema', peerConfigSchema],
    ['deviceConfigSchema', deviceConfigSchema],
  ])('%s refuses any other value', (_, schema) => {
    for (const value of [undefined, null, 5, 5n, true, '', 'x\n', [], [KEY], Symbol('x')]) {
      expect(schema.safeParse(value).success).toBe(false)
    }
  })
})

function parsed(json: object) {
  return deviceJSONSchema.safeParse(JSON.parse(JSON.stringify(json)) as unknown)
}
