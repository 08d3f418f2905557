import { describe, expect, it } from '@jest/globals'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  sampleDevice,
  samplePeer,
} from '../../../../test-fixtures/sample.js'
import type { Device } from '../../src/model/device.js'
import { type DeviceJSON, deviceFromJSON, deviceToJSON } from '../../src/state/device-json.js'
import { everyText, thrown } from '../model/faults.js'

const FULL: Device = sampleDevice({
  backend: 'kernel',
  index: 7,
  privateKey: privateKeyOf(1),
  publicKey: privateKeyOf(1).publicKey(),
  listenPort: 51820,
  firewallMark: 0xffffffff,
  peers: [
    samplePeer({
      publicKey: publicKeyOf(2),
      presharedKey: presharedKeyOf(2),
      endpoint: { host: 'fe80::1%eth0', port: 1 },
      persistentKeepalive: 25,
      lastHandshake: new Date(1_700_000_000_123),
      receiveBytes: 2 ** 53 - 1,
      transmitBytes: 5,
      allowedIPs: ['10.0.0.0/8', '::/0'],
    }),
    samplePeer({ publicKey: publicKeyOf(3) }),
  ],
})

describe('deviceToJSON', () => {
  it('hides the secret keys', () => {
    const text = JSON.stringify(deviceToJSON(FULL))
    expect(text).toContain('"privateKey":"(hidden)"')
    expect(text).not.toContain(privateKeyOf(1).toBase64())
    expect(text).not.toContain(presharedKeyOf(2).toBase64())
  })

  it('has null for what is not there', () => {
    const json = deviceToJSON(sampleDevice({ peers: [samplePeer()] }))
    expect(json).toMatchObject({ version: 1, index: null, privateKey: null, publicKey: null })
    expect(json.peers[0]).toMatchObject({ presharedKey: null, endpoint: null, lastHandshake: null })
    expect(JSON.parse(JSON.stringify(json))).toEqual(json)
  })
})

describe('deviceFromJSON', () => {
  it.each([
    ['all fields', FULL],
    ['nothing set', sampleDevice()],
  ])('returns the device again: %s', (_, device) => {
    const text = JSON.stringify(deviceToJSON(device, { reveal: true }))
    const read = deviceFromJSON(JSON.parse(text) as DeviceJSON)
    expect(read).toEqual(device)
    // Two different keys look equal to Jest.
    expect(read.privateKey?.toBase64()).toBe(device.privateKey?.toBase64())
    expect(read.peers[0]?.presharedKey?.toBase64()).toBe(device.peers[0]?.presharedKey?.toBase64())
  })

  it('reads a hidden key as none', () => {
    const { privateKey, peers } = deviceFromJSON(deviceToJSON(FULL))
    expect([privateKey, peers[0]?.presharedKey]).toEqual([undefined, undefined])
  })

  it.each([
    ['version', { version: 2 }],
    ['version', { version: '1' }],
    ['name', { name: 'wg/0' }],
    ['name', { name: undefined }],
    ['backend', { backend: 'other' }],
    ['index', { index: -1 }],
    ['index', { index: undefined }],
    ['privateKey', { privateKey: 'x' }],
    ['privateKey', { privateKey: 'a'.repeat(64) }],
    ['publicKey', { publicKey: 5 }],
    ['listenPort', { listenPort: 65_536 }],
    ['firewallMark', { firewallMark: 0.5 }],
    ['peers', { peers: {} }],
    ['peers[0].publicKey', peerWith({ publicKey: '' })],
    ['peers[0].presharedKey', peerWith({ presharedKey: 'x' })],
    ['peers[0].endpoint', peerWith({ endpoint: 'example.org:1' })],
    ['peers[0].persistentKeepalive', peerWith({ persistentKeepalive: '25' })],
    ['peers[0].lastHandshake', peerWith({ lastHandshake: 'yesterday' })],
    ['peers[0].receiveBytes', peerWith({ receiveBytes: Number.NaN })],
    ['peers[0].allowedIPs[1]', peerWith({ allowedIPs: ['10.0.0.0/8', 'x'] })],
  ])('names what it cannot read: %s', (path, fields) => {
    const error = thrown(() => deviceFromJSON({ ...deviceToJSON(FULL), ...fields } as never))
    expect(error).toMatchObject({ code: 'EINVAL', path })
  })

  it('shows no key in an error', () => {
    const privateKey = privateKeyOf(1).toBase64()
    const json = { ...deviceToJSON(FULL), privateKey: `${privateKey.slice(0, 42)}!=` }
    expect(everyText(thrown(() => deviceFromJSON(json)))).not.toContain(privateKey.slice(0, 30))
  })

  function peerWith(fields: object) {
    return { peers: [{ ...deviceToJSON(FULL).peers[0], ...fields }] }
  }
})
