import { describe, expect, it } from '@jest/globals'
import { samplePeer } from '../../../../test-fixtures/sample.js'
import { checkDeviceConfig } from '../../src/backend/check.js'
import { toConfig, toPeerConfig, type DeviceConfig } from '../../src/model/config.js'
import type { Device, Peer } from '../../src/model/device.js'
import { SecretKey } from '../../src/model/key.js'

const PRIVATE = SecretKey.generatePrivate()
const PRESHARED = SecretKey.generatePreshared()

const busyPeer: Peer = {
  publicKey: SecretKey.generatePrivate().publicKey(),
  presharedKey: PRESHARED,
  endpoint: { host: 'fe80::1%eth0', port: 51820 },
  persistentKeepalive: 25,
  lastHandshake: new Date(1_700_000_000_000),
  receiveBytes: 5,
  transmitBytes: 6,
  allowedIPs: ['10.0.0.0/24', '::1.2.3.4/128'],
  protocolVersion: 1,
}
const emptyPeer = samplePeer({ publicKey: `${'A'.repeat(43)}=` })
const busy: Device = {
  name: 'wg0',
  backend: 'kernel',
  index: 3,
  privateKey: PRIVATE,
  publicKey: PRIVATE.publicKey(),
  listenPort: 51820,
  firewallMark: 0xffff_ffff,
  peers: [busyPeer, emptyPeer],
}
const empty: Device = {
  ...busy,
  backend: 'userspace',
  index: undefined,
  privateKey: undefined,
  publicKey: undefined,
  listenPort: 0,
  firewallMark: 0,
  peers: [],
}

describe('toConfig', () => {
  it('has every field that can be written, and replaces the lists', () => {
    expect(toConfig(busy)).toStrictEqual({
      privateKey: PRIVATE,
      listenPort: 51820,
      firewallMark: 0xffff_ffff,
      replacePeers: true,
      peers: [
        {
          publicKey: busyPeer.publicKey,
          presharedKey: PRESHARED,
          endpoint: { host: 'fe80::1%eth0', port: 51820 },
          persistentKeepalive: 25,
          allowedIPs: ['10.0.0.0/24', '::1.2.3.4/128'],
          replaceAllowedIPs: true,
        },
        {
          publicKey: emptyPeer.publicKey,
          presharedKey: null,
          persistentKeepalive: 0,
          allowedIPs: [],
          replaceAllowedIPs: true,
        },
      ],
    })
  })

  it('clears the fields that the device lacks', () => {
    expect(toConfig(empty)).toStrictEqual({
      privateKey: null,
      listenPort: 0,
      firewallMark: 0,
      replacePeers: true,
      peers: [],
    })
  })

  it.each([
    ['a busy device', busy],
    ['an empty device', empty],
  ])('passes the checks unchanged: %s', async (_, device) => {
    const config = toConfig(device)
    expect(await checkDeviceConfig(config)).toEqual(config)
  })

  it('can be changed without changing the device', () => {
    const config = toConfig(busy)
    config.listenPort = 1
    config.peers.pop()
    config.peers[0]!.persistentKeepalive = 1
    config.peers[0]!.allowedIPs = [...(config.peers[0]!.allowedIPs ?? []), '10.1.0.0/16']
    expect(busy.peers).toEqual([busyPeer, emptyPeer])
    expect(busy.listenPort).toBe(51820)
    expect(busyPeer.allowedIPs).toHaveLength(2)
  })
})

describe('toPeerConfig', () => {
  it('works on one peer, and passes the checks', async () => {
    const config = { peers: [busyPeer, emptyPeer].map(toPeerConfig) } satisfies DeviceConfig
    expect(config.peers).toEqual(toConfig(busy).peers)
    expect((await checkDeviceConfig(config)).peers).toEqual(config.peers)
  })
})
