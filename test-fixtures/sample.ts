import { createHash } from 'node:crypto'
import { type Device, type Peer, type PeerConfig, SecretKey } from 'wireguardcfg'

/** A public key that is the same in every run: its text tells nothing, its number does. */
export function publicKeyOf(i: number): string {
  return createHash('sha256').update(`peer ${i}`).digest('base64')
}

/** A preshared key that is the same in every run. */
export function presharedKeyOf(i: number): SecretKey {
  return SecretKey.parse(createHash('sha256').update(`preshared ${i}`).digest())
}

/** A private key that is the same in every run, clamped. */
export function privateKeyOf(i: number): SecretKey {
  return SecretKey.parse(createHash('sha256').update(`private ${i}`).digest()).clamped()
}

/**
 * Peers with every field: preshared key, IPv4 endpoint, keepalive, an IPv4 and an IPv6 allowed IP.
 */
export function samplePeers(count: number): PeerConfig[] {
  return Array.from({ length: count }, (_, i) => ({
    publicKey: publicKeyOf(i),
    presharedKey: presharedKeyOf(i),
    endpoint: `192.0.2.${i & 255}:${1024 + (i % 60_000)}`,
    persistentKeepalive: i % 100,
    allowedIPs: [ipv4Of(i), ipv6Of(i)],
  }))
}

/** The i-th single IPv4 address of 10.0.0.0/8. */
export function ipv4Of(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`
}

/** The i-th single IPv6 address of fd00::/64, in canonical text. */
export function ipv6Of(i: number): string {
  const high = (i >> 16).toString(16)
  const low = (i & 0xffff).toString(16)
  // One trailing group would read as a compatible address, so there is always a middle one.
  return `fd00::a:${high}:${low}/128`
}

/**
 * A device whose order says nothing any more: peers by key, allowed IPs by text. For comparing what
 * has no order.
 */
export function sorted(device: Device): Device {
  return { ...device, peers: device.peers.map(sortedPeer).toSorted(byPublicKey) }
}

function sortedPeer(peer: Peer): Peer {
  return { ...peer, allowedIPs: peer.allowedIPs.toSorted() }
}

function byPublicKey(a: Peer, b: Peer): number {
  return a.publicKey < b.publicKey ? -1 : Number(a.publicKey > b.publicKey)
}
