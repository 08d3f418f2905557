import { describe, expect, it } from '@jest/globals'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { checkDeviceConfig } from '../../src/backend/check.js'
import type { DeviceConfig, PeerConfig } from '../../src/model/config.js'
import { deviceConfigSchema } from '../../src/schema.js'
import { rejected } from '../model/faults.js'

const PEERS = 1000

function peers(change: (peer: PeerConfig, i: number) => object = (peer) => peer): PeerConfig[] {
  return Array.from({ length: PEERS }, (_, i) => {
    const peer = {
      publicKey: publicKeyOf(i),
      endpoint: '192.0.2.1:7',
      allowedIPs: [`10.0.${i >> 8}.${i & 255}`],
    }
    return change(peer, i) as PeerConfig
  })
}

const publicKey = publicKeyOf(1)
const ofLength = (length: unknown, element?: unknown): never =>
  new Proxy([], {
    get: (_, name) => (name === 'length' ? length : element),
  }) as never
const endlessPrototypes = (): object => new Proxy({}, { getPrototypeOf: endlessPrototypes })
const MOST = 2 ** 20
const HUGE = 'x'.repeat(100_000_000)

describe('refusing costs no more than accepting:', () => {
  it.each<[string, () => unknown, string]>([
    ['a list of 2^31 holes', () => ({ peers: Object.assign([], { [2 ** 31]: 1 }) }), 'peers'],
    ['a list of 2^32 - 1', () => ({ peers: Object.assign([], { length: 2 ** 32 - 1 }) }), 'peers'],
    ['2^20 holes', () => ({ peers: Object.assign([], { length: MOST }) }), 'peers[0]'],
    [
      '2^20 empty peers',
      () => ({ peers: Array.from({ length: MOST }, () => ({})) }),
      'peers[0].publicKey',
    ],
    ['2^20 + 1 peers', () => ({ peers: Array.from({ length: MOST + 1 }, () => ({})) }), 'peers'],
    [
      'allowed ips of 2^31',
      () => ({ peers: [{ publicKey, allowedIPs: Object.assign([], { length: 2 ** 31 }) }] }),
      'peers[0].allowedIPs',
    ],
    [
      '2^21 + 1 allowed ips',
      () => ({ peers: [{ publicKey, allowedIPs: Array(2 ** 21 + 1).fill('::/0') }] }),
      'peers[0].allowedIPs',
    ],
    [
      '2^21 + 1 of several lists',
      () => ({
        peers: [{ publicKey, allowedIPs: ['::/0'], removeAllowedIPs: Array(2 ** 21).fill('::/0') }],
      }),
      'peers[0].removeAllowedIPs',
    ],
    ['a proxy of infinite length', () => ({ peers: ofLength(Infinity) }), 'peers'],
    ['a proxy of length NaN', () => ({ peers: ofLength(NaN) }), 'peers'],
    ['a proxy whose length is text', () => ({ peers: ofLength('5') }), 'peers'],
    ['a proxy of one peer', () => ({ peers: ofLength(MOST, { publicKey }) }), 'peers[1].publicKey'],
    [
      'a proxy of allowed ips',
      () => ({ peers: [{ publicKey, allowedIPs: ofLength(MOST, 5) }] }),
      'peers[0].allowedIPs[0]',
    ],
    ['endless prototypes', () => ({ peers: [endlessPrototypes()] }), 'peers[0]'],
    ['a private key of 100 MB', () => ({ privateKey: HUGE }), 'privateKey'],
    ['a public key of 100 MB', () => ({ peers: [{ publicKey: HUGE }] }), 'peers[0].publicKey'],
    [
      'an endpoint of 100 MB',
      () => ({ peers: [{ publicKey, endpoint: HUGE }] }),
      'peers[0].endpoint',
    ],
    [
      'a host of 100 MB',
      () => ({ peers: [{ publicKey, endpoint: { host: HUGE, port: 1 } }] }),
      'peers[0].endpoint',
    ],
    [
      'an allowed ip of 100 MB',
      () => ({ peers: [{ publicKey, allowedIPs: [HUGE] }] }),
      'peers[0].allowedIPs[0]',
    ],
    [
      'a field of 100 MB',
      () => ({ peers: [{ publicKey, [HUGE]: 1 }] }),
      `peers[0]["${'x'.repeat(80)}…"]`,
    ],
    ['typed arrays', () => ({ peers: new Float64Array(2 ** 20) }), 'peers'],
    ['an iterator that never ends', () => ({ peers: { [Symbol.iterator]: endless } }), 'peers'],
  ])('%s', async (_, make, path) => {
    const error = await rejected(checkDeviceConfig(make() as DeviceConfig))
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'check configuration', path })
  })

  it('a fault at the end of many allowed ips, in slices', async () => {
    const allowedIPs: string[] = Array(100_000).fill('10.0.0.1')
    allowedIPs.push('nonsense')
    let turns = -1
    const immediate = (): void => {
      turns++
      next = setImmediate(immediate)
    }
    let next = setImmediate(immediate)
    const error = await rejected(checkDeviceConfig({ peers: [{ publicKey, allowedIPs }] }))
    clearImmediate(next)
    expect(error.path).toBe('peers[0].allowedIPs[100000]')
    expect(turns).toBeGreaterThan(50)
  })

  it.each<[string, object, string | undefined]>([
    ['of the device', throwing('listenPort'), 'listenPort'],
    ['of a peer', { peers: [throwing('publicKey')] }, 'peers[0].publicKey'],
    ['of an endpoint', { peers: [{ publicKey, endpoint: throwing('host') }] }, 'peers[0].endpoint'],
    ['of its kind', throwing(Symbol.toStringTag), undefined],
  ])('a getter %s that throws: EINVAL with its error as cause', async (_, config, path) => {
    const error = await rejected(checkDeviceConfig(config))
    expect(error).toMatchObject({ code: 'EINVAL', path, cause: expect.any(RangeError) })
  })
})

function* endless(): Generator<object> {
  for (;;) yield {}
}

function throwing(name: PropertyKey): object {
  return Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new RangeError('mine')
    },
  })
}

describe('a configuration of many peers', () => {
  it('is checked like one in a single slice', async () => {
    const config: DeviceConfig = { listenPort: 7, replacePeers: true, peers: peers() }
    expect(await checkDeviceConfig(config)).toStrictEqual(deviceConfigSchema.parse(config))
  })

  it('lets the event loop turn during the check', async () => {
    let turns = 0
    const immediate = (): void => {
      turns++
      next = setImmediate(immediate)
    }
    let next = setImmediate(immediate)
    await checkDeviceConfig({})
    turns = 0
    await checkDeviceConfig({ peers: peers() })
    clearImmediate(next)
    expect(turns).toBeGreaterThan(3)
  })

  it.each<[string, DeviceConfig, string]>([
    [
      'a key of another slice',
      {
        peers: peers((peer, i) =>
          i === 999 ? { ...peer, publicKey: peers()[3]!.publicKey } : peer,
        ),
      },
      'peers[999].publicKey',
    ],
    [
      'a port',
      { peers: peers((peer, i) => (i === 700 ? { ...peer, endpoint: '192.0.2.1:99999' } : peer)) },
      'peers[700].endpoint',
    ],
    [
      'the first of two',
      {
        peers: peers((peer, i) => (i % 400 === 399 ? { ...peer, persistentKeepalive: -1 } : peer)),
      },
      'peers[399].persistentKeepalive',
    ],
    ['a field of the device', { peers: peers(), listenPort: 70_000 }, 'listenPort'],
    [
      'an unknown field',
      { peers: peers((peer, i) => (i === 500 ? { ...peer, allowedIps: [] } : peer)) },
      'peers[500].allowedIps',
    ],
    ['a hole', { peers: Object.assign(peers(), { 650: undefined }) }, 'peers[650]'],
  ])('is refused for %s, with its path', async (_, config, path) => {
    expect(await rejected(checkDeviceConfig(config))).toMatchObject({ code: 'EINVAL', path })
  })

  it('may be an object of a class, with inherited fields', async () => {
    class Config implements DeviceConfig {
      readonly peers = peers()
      get listenPort(): number {
        return 7
      }
    }
    const checked = await checkDeviceConfig(new Config())
    expect(checked).toStrictEqual(deviceConfigSchema.parse(new Config()))
  })

  it('is the list at the time of the call', async () => {
    const list = peers()
    await checkDeviceConfig({})
    const checking = checkDeviceConfig({ peers: list })
    list.length = 0
    expect((await checking).peers).toHaveLength(PEERS)
  })
})
