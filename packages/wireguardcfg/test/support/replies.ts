import { sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'
import type { Device } from '../../src/model/device.js'
import { SecretKey } from '../../src/model/key.js'

/**
 * Keys that are easy to find in a text: 32 times one byte, except for the private key, which is
 * clamped.
 */
export const PRIVATE_HEX = `a8${'a1'.repeat(30)}61`
export const PRESHARED_HEX = 'b2'.repeat(32)
export const PEER_HEX = 'c3'.repeat(32)
export const OTHER_PEER_HEX = 'd4'.repeat(32)
const NO_KEY_HEX = '0'.repeat(64)

/** The text of a public key from its hexadecimal digits. */
export function base64Of(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}

/** A reply and what it says, read at `now`. */
export interface SampleReply {
  readonly name: string
  readonly text: string
  readonly now: number
  readonly device: Device
}

const privateKey = SecretKey.parse(PRIVATE_HEX)
const presharedKey = SecretKey.parse(PRESHARED_HEX)
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

const PEER = {
  publicKey: base64Of(PEER_HEX),
  presharedKey,
  endpoint: { host: '192.0.2.1', port: 51_821 },
  persistentKeepalive: 25,
  lastHandshake: new Date(NOW - 90_000),
  receiveBytes: 1234,
  transmitBytes: 5678,
  allowedIPs: ['10.0.0.1/32', 'fd00::1/128'],
  protocolVersion: 1,
}

const BARE_PEER = samplePeer({ publicKey: base64Of(OTHER_PEER_HEX) })

const DEVICE = sampleDevice({
  privateKey,
  publicKey: privateKey.publicKey(),
  listenPort: 51_820,
  firewallMark: 42,
  peers: [PEER, BARE_PEER],
})

const SECONDS = NOW / 1000 - 90

/**
 * The same device, in the words of four implementations: which lines they write, in which order,
 * and when.
 */
export const SAMPLE_REPLIES: readonly SampleReply[] = [
  {
    // IpcGetOperation of device/uapi.go: every field of a peer always, zeros for what is not set.
    name: 'wireguard-go',
    text: reply(
      `private_key=${PRIVATE_HEX}`,
      'listen_port=51820',
      'fwmark=42',
      `public_key=${PEER_HEX}`,
      `preshared_key=${PRESHARED_HEX}`,
      'protocol_version=1',
      'endpoint=192.0.2.1:51821',
      `last_handshake_time_sec=${SECONDS}`,
      'last_handshake_time_nsec=0',
      'tx_bytes=5678',
      'rx_bytes=1234',
      'persistent_keepalive_interval=25',
      'allowed_ip=10.0.0.1/32',
      'allowed_ip=fd00::1/128',
      `public_key=${OTHER_PEER_HEX}`,
      `preshared_key=${NO_KEY_HEX}`,
      'protocol_version=1',
      'last_handshake_time_sec=0',
      'last_handshake_time_nsec=0',
      'tx_bytes=0',
      'rx_bytes=0',
      'persistent_keepalive_interval=0',
    ),
    now: NOW,
    device: DEVICE,
  },
  {
    // api_get of device/api.rs: no private key, the time since a handshake, and only what is set.
    name: 'boringtun',
    text: reply(
      `own_public_key=${Buffer.from(DEVICE.publicKey!, 'base64').toString('hex')}`,
      'listen_port=51820',
      'fwmark=42',
      `public_key=${PEER_HEX}`,
      `preshared_key=${PRESHARED_HEX}`,
      'persistent_keepalive_interval=25',
      'endpoint=192.0.2.1:51821',
      'allowed_ip=10.0.0.1/32',
      'allowed_ip=fd00::1/128',
      'last_handshake_time_sec=90',
      'last_handshake_time_nsec=0',
      'rx_bytes=1234',
      'tx_bytes=5678',
      `public_key=${OTHER_PEER_HEX}`,
      'rx_bytes=0',
      'tx_bytes=0',
    ),
    now: NOW,
    device: { ...DEVICE, privateKey: undefined },
  },
  {
    // The counters before the allowed IPs, the endpoint last.
    name: 'wireguard-rs',
    text: reply(
      'fwmark=42',
      `private_key=${PRIVATE_HEX}`,
      'listen_port=51820',
      `public_key=${PEER_HEX}`,
      `last_handshake_time_sec=${SECONDS}`,
      'last_handshake_time_nsec=999999',
      'rx_bytes=1234',
      'tx_bytes=5678',
      `preshared_key=${PRESHARED_HEX}`,
      'protocol_version=1',
      'persistent_keepalive_interval=25',
      'allowed_ip=10.0.0.1/32',
      'allowed_ip=fd00::1/128',
      'endpoint=192.0.2.1:51821',
      `public_key=${OTHER_PEER_HEX}`,
      'rx_bytes=0',
      'tx_bytes=0',
      `preshared_key=${NO_KEY_HEX}`,
      'persistent_keepalive_interval=0',
    ),
    now: NOW,
    device: DEVICE,
  },
  {
    // Keys of its own, and none for what is not set.
    name: 'gotatun',
    text: reply(
      `private_key=${PRIVATE_HEX}`,
      'listen_port=51820',
      'fwmark=42',
      `public_key=${PEER_HEX}`,
      `preshared_key=${PRESHARED_HEX}`,
      'endpoint=192.0.2.1:51821',
      `last_handshake_time_sec=${SECONDS}`,
      'last_handshake_time_nsec=0',
      'rx_bytes=1234',
      'tx_bytes=5678',
      'persistent_keepalive_interval=25',
      'allowed_ip=10.0.0.1/32',
      'allowed_ip=fd00::1/128',
      'daita_enable=1',
      'daita_rx_padding_bytes=17',
      `public_key=${OTHER_PEER_HEX}`,
    ),
    now: NOW,
    device: DEVICE,
  },
]

/** The lines of a reply to a get that succeeded. */
export function reply(...lines: readonly string[]): string {
  return [...lines, 'errno=0', '', ''].join('\n')
}

/** Bytes as a daemon would send them. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}
