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
