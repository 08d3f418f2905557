import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { type Device, type DeviceConfig, publicKeyFromBytes, SecretKey } from 'wireguardcfg'
import { checkDeviceConfig, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import { runs } from '../../../../../test-fixtures/runs.js'
import { AttributeReader } from '../../../src/netlink/attribute-reader.js'
import { encodeMessage, MessageReader } from '../../../src/netlink/message.js'
import {
  WGDEVICE_A_FLAGS,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
} from '../../../src/wireguard/constants.js'
import { decodeDevice } from '../../../src/wireguard/dump/decode.js'
import { DumpMerger } from '../../../src/wireguard/dump/merge.js'
import {
  checkZones,
  MAX_SET_MESSAGE,
  splitDeviceConfig,
} from '../../../src/wireguard/set/messages.js'
import { FakeDevice, type FakeDeviceOptions } from '../../../../../test-fixtures/fakes/wireguard.js'
import { allowedIPsOf, publicKeyOf } from '../../../../../test-fixtures/sample.js'
import { zones } from '../../support/zones.js'

const LARGEST = 60_000

interface Split {
  readonly lengths: number[]
  readonly completed: number[]
  readonly device: Device
}

/** Applies a configuration in messages of at most `limit` bytes to a device. */
function apply(
  config: CheckedDeviceConfig,
  limit: number | undefined,
  fake = new FakeDevice(),
): Split {
  const lengths: number[] = []
  const completed: number[] = []
  const removeAllowedIPs = fake.options.removeFlag === true
  for (const message of splitDeviceConfig('wg0', config, { zones, limit, removeAllowedIPs })) {
    expect(fake.set(message.payload)).toBe(0)
    lengths.push(16 + message.payload.length)
    completed.push(message.completedPeers)
  }
  return { lengths, completed, device: read(fake) }
}

function read(fake: FakeDevice, limit = 4000): Device {
  const merger = new DumpMerger()
  const peers = []
  for (const payload of fake.dump(limit)) {
    const message = new MessageReader(encodeMessage({ type: 23, flags: 2, sequence: 1 }, payload))
    message.next()
    peers.push(...merger.add(decodeDevice(message, zones)))
  }
  peers.push(...merger.end())
  return merger.device(peers)
}

describe('splitDeviceConfig', () => {
  it('sends one message that only names the device for an empty configuration', () => {
    const messages = [...splitDeviceConfig('wg0', {}, { zones })].map(({ payload }) => [...payload])
    // The payload was zeroed when the generator went on.
    expect(messages).toHaveLength(1)
    const [message] = splitDeviceConfig('wg0', {}, { zones })
    expect(message?.completedPeers).toBe(0)
  })

  it('zeroes the last message when another one is requested', () => {
    const messages = splitDeviceConfig(
      'wg0',
      { privateKey: SecretKey.generatePrivate() },
      { zones },
    )
    const { value } = messages.next()
    const payload = value!.payload
    expect(payload.some((byte) => byte !== 0)).toBe(true)
    messages.next()
    expect(payload.every((byte) => byte === 0)).toBe(true)
  })

  it('keeps a message while the next one is written, and zeroes both at the end', () => {
    const peers = [1, 2, 3, 4].map((i) => ({ publicKey: publicKeyOf(i) }))
    const messages = splitDeviceConfig('wg0', { peers }, { zones, limit: 1 })
    const first = messages.next().value!.payload
    const copy = Uint8Array.from(first)
    const second = messages.next().value!.payload
    expect(first).toEqual(copy)
    expect(second).not.toEqual(copy)
    messages.return()
    expect([...first, ...second].every((byte) => byte === 0)).toBe(true)
  })

  it('puts the attributes of the device into the first message only', async () => {
    const config = await checkDeviceConfig({
      privateKey: SecretKey.generatePrivate(),
      listenPort: 0,
      firewallMark: 7,
      replacePeers: true,
      peers: Array.from({ length: 40 }, (_, i) => ({
        publicKey: publicKeyOf(i + 1),
        allowedIPs: allowedIPsOf(i, 52),
      })),
    })
    const types: number[][] = []
    for (const { payload } of splitDeviceConfig('wg0', config, { zones, limit: 4096 })) {
      const list: number[] = []
      for (const a = new AttributeReader(payload, 4); a.next();) list.push(a.type)
      types.push(list)
    }
    expect(types.length).toBeGreaterThan(10)
    expect(types[0]).toEqual([
      WGDEVICE_A_IFNAME,
      WGDEVICE_A_PRIVATE_KEY,
      WGDEVICE_A_LISTEN_PORT,
      WGDEVICE_A_FWMARK,
      WGDEVICE_A_FLAGS,
      WGDEVICE_A_PEERS,
    ])
    for (const list of types.slice(1)) expect(list).toEqual([WGDEVICE_A_IFNAME, WGDEVICE_A_PEERS])
  })

  it('keeps the port that port 0 chose over several messages', async () => {
    const config = await checkDeviceConfig({
      listenPort: 0,
      peers: Array.from({ length: 500 }, (_, i) => ({ publicKey: publicKeyOf(i + 1) })),
    })
    const { lengths, device } = apply(config, undefined)
    expect(lengths.length).toBeGreaterThan(1)
    expect(device.listenPort).toBe(40_000)
    expect(device.peers).toHaveLength(500)
  })

  it.each<[string, DeviceConfig, number]>([
    [
      'one peer with 130,560 allowed IPs',
      { peers: [{ publicKey: publicKeyOf(1), allowedIPs: allowedIPsOf(1, 130_560) }] },
      130_560,
    ],
    [
      '40 peers with 52 allowed IPs',
      {
        peers: Array.from({ length: 40 }, (_, i) => ({
          publicKey: publicKeyOf(i + 1),
          allowedIPs: allowedIPsOf(i, 52),
        })),
      },
      40 * 52,
    ],
    [
      '29 peers without allowed IPs, then one with',
      {
        peers: Array.from({ length: 30 }, (_, i) => ({
          publicKey: publicKeyOf(i + 1),
          allowedIPs: i === 29 ? ['10.0.0.0/8'] : [],
        })),
      },
      1,
    ],
    [
      '/0 prefixes',
      { peers: [{ publicKey: publicKeyOf(1), allowedIPs: ['0.0.0.0/0', '::/0'] }] },
      2,
    ],
    [
      'one prefix that moves between peers',
      {
        peers: [
          { publicKey: publicKeyOf(1), allowedIPs: ['10.0.0.0/8', '10.1.0.0/16'] },
          { publicKey: publicKeyOf(2), allowedIPs: ['10.0.0.0/8'] },
        ],
      },
      2,
    ],
    [
      'the zero key and keys of low order',
      {
        peers: [
          { publicKey: publicKeyFromBytes(new Uint8Array(32)), allowedIPs: ['10.0.0.1/32'] },
          {
            publicKey: publicKeyFromBytes(new Uint8Array(32).fill(1, 0, 1)),
            allowedIPs: ['10.0.0.2/32'],
          },
        ],
      },
      2,
    ],
  ])('applies %s', async (_, config, count) => {
    // Zod would check a hundred thousand allowed IPs one by one; the peers here are canonical.
    const checked = config as CheckedDeviceConfig
    const split = apply(checked, undefined)
    expect(Math.max(...split.lengths)).toBeLessThanOrEqual(MAX_SET_MESSAGE)
    expect(split.device.peers.map(({ publicKey }) => publicKey)).toEqual(
      config.peers!.map(({ publicKey }) => publicKey),
    )
    expect(split.device.peers.flatMap(({ allowedIPs: list }) => list)).toHaveLength(count)
    expect(split.device).toEqual(apply(checked, 500).device)
  })

  it('applies the same twice to the same device', () => {
    const config: CheckedDeviceConfig = {
      replacePeers: true,
      peers: Array.from({ length: 60 }, (_, i) => ({
        publicKey: publicKeyOf(i + 1),
        replaceAllowedIPs: true,
        allowedIPs: allowedIPsOf(i, 9),
      })),
    }
    const fake = new FakeDevice()
    const once = apply(config, 2000, fake).device
    expect(apply(config, 1500, fake).device).toEqual(once)
  })

  it('leaves the own public key out, however many messages it takes', () => {
    const privateKey = SecretKey.generatePrivate()
    const config: CheckedDeviceConfig = {
      privateKey,
      peers: [{ publicKey: privateKey.publicKey(), allowedIPs: allowedIPsOf(1, 100) }],
    }
    expect(apply(config, 500).device.peers).toEqual([])
  })

  it('clamps the private key, as the kernel does', () => {
    const unclamped = SecretKey.parse(new Uint8Array(32).fill(0xff))
    for (const { payload } of splitDeviceConfig('wg0', { privateKey: unclamped }, { zones })) {
      const attribute = new AttributeReader(payload, 4)
      attribute.next()
      attribute.next()
      expect(SecretKey.parse(attribute.bytes()).equals(unclamped.clamped())).toBe(true)
    }
  })

  it('counts the peers that are complete with each message', () => {
    const peers = Array.from({ length: 5 }, (_, i) => ({
      publicKey: publicKeyOf(i + 1),
      allowedIPs: allowedIPsOf(i, 3),
    }))
    // One entry per message, at any limit: a peer, or one more of its allowed IPs.
    const { completed } = apply({ peers }, 1)
    expect(completed).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5])
  })

  it('adds and removes a temporary peer in one message, also when that makes it longer', () => {
    const temporary = { publicKey: publicKeyOf(1), allowedIPs: allowedIPsOf(1, 3) }
    const peers = [
      temporary,
      { publicKey: publicKeyOf(1), remove: true },
      { publicKey: publicKeyOf(2) },
    ]
    // From the length at which its first entry just fits.
    for (let limit = 16 + 4 + 8 + 4 + 4 + 36 + 4 + 2 * 28 + 40; limit < 300; limit++) {
      const fake = new FakeDevice()
      for (const { payload } of splitDeviceConfig('wg0', { peers }, { zones, limit })) {
        fake.set(payload)
        expect(read(fake).peers.map(({ publicKey }) => publicKey)).not.toContain(publicKeyOf(1))
      }
      expect(fake.peers.size).toBe(1)
    }
  })

  it('removes single allowed IPs with the flag where the kernel has it', () => {
    const fake = new FakeDevice('wg0', 4, { removeFlag: true })
    const peers = [
      { publicKey: publicKeyOf(1), allowedIPs: ['10.0.0.0/8', '10.1.0.0/16', 'fd00::/64'] },
      { publicKey: publicKeyOf(2), allowedIPs: ['10.2.0.0/16'] },
    ]
    apply({ peers }, undefined, fake)
    const removal: CheckedDeviceConfig = {
      peers: [
        {
          publicKey: publicKeyOf(1),
          removeAllowedIPs: ['10.1.0.0/16', 'fd00::/64', '10.2.0.0/16'],
        },
      ],
    }
    const { device } = apply(removal, undefined, fake)
    expect(device.peers.map((peer) => peer.allowedIPs)).toEqual([['10.0.0.0/8'], ['10.2.0.0/16']])
  })

  it('results in the same device when split at any limit', () => {
    fc.assert(
      fc.property(
        fc.array(configArbitrary, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 1200 }),
        fc.boolean(),
        (configs, limit, removeFlag) => {
          const options: FakeDeviceOptions = { removeFlag }
          const whole = new FakeDevice('wg0', 4, options)
          const parts = new FakeDevice('wg0', 4, options)
          for (const config of configs) {
            expect(apply(config, limit, parts).device).toEqual(apply(config, LARGEST, whole).device)
          }
        },
      ),
      runs(300),
    )
  })
})

describe('checkZones', () => {
  it('names the endpoint whose zone is not an interface', () => {
    const peers = [
      { publicKey: publicKeyOf(1), endpoint: { host: 'fe80::1%eth0', port: 1 } },
      { publicKey: publicKeyOf(2), endpoint: { host: 'fe80::1%nope', port: 1 } },
    ]
    expect(() => checkZones({ peers }, zones)).toThrow(
      expect.objectContaining({ code: 'EINVAL', path: 'peers[1].endpoint' }),
    )
    expect(() => checkZones({ peers: [peers[0]!] }, zones)).not.toThrow()
  })
})

// Few keys and few prefixes, so that they meet.
const secret = SecretKey.parse(new Uint8Array(32).fill(5))
const rangeArbitrary = fc.constantFrom(...allowedIPsOf(0, 12), '0.0.0.0/0', '::/0')
const peerArbitrary = fc.record(
  {
    publicKey: fc.constantFrom(
      publicKeyOf(1),
      publicKeyOf(2),
      publicKeyOf(3),
      publicKeyOf(4),
      secret.publicKey(),
    ),
    remove: fc.boolean(),
    updateOnly: fc.boolean(),
    presharedKey: fc.constantFrom(null, SecretKey.parse(new Uint8Array(32).fill(9))),
    endpoint: fc.constantFrom({ host: '192.0.2.1', port: 1 }, { host: 'fe80::1%eth0', port: 2 }),
    persistentKeepalive: fc.constantFrom(0, 25),
    allowedIPs: fc.uniqueArray(rangeArbitrary, { maxLength: 14 }),
    replaceAllowedIPs: fc.boolean(),
    removeAllowedIPs: fc.uniqueArray(rangeArbitrary, { maxLength: 3 }),
  },
  { requiredKeys: ['publicKey'] },
)
const configArbitrary: fc.Arbitrary<CheckedDeviceConfig> = fc.record(
  {
    privateKey: fc.constantFrom(null, secret),
    listenPort: fc.constantFrom(0, 51820),
    firewallMark: fc.constantFrom(0, 0xffff_ffff),
    replacePeers: fc.boolean(),
    peers: fc.uniqueArray(peerArbitrary, { maxLength: 6, selector: ({ publicKey }) => publicKey }),
  },
  { requiredKeys: [] },
)
