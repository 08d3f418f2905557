import { createHash } from 'node:crypto'
import { type Device, type Peer, type PeerConfig, SecretKey } from 'wireguardcfg'

/** The public key of a number, the same in every run. */
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

/** A peer as it is read, with nothing set but these fields. */
export function samplePeer(fields: Partial<Peer> = {}): Peer {
  return {
    publicKey: publicKeyOf(1),
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: 0,
    lastHandshake: undefined,
    receiveBytes: 0,
    transmitBytes: 0,
    allowedIPs: [],
    protocolVersion: 1,
    ...fields,
  }
}

/** A device as it is read, with nothing set but these fields. */
export function sampleDevice(fields: Partial<Device> = {}): Device {
  return {
    name: 'wg0',
    backend: 'userspace',
    index: undefined,
    privateKey: undefined,
    publicKey: undefined,
    listenPort: 0,
    firewallMark: 0,
    peers: [],
    ...fields,
  }
}

/** The i-th single IPv4 address of 10.0.0.0/8. */
export function ipv4Of(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32`
}

/** The i-th single IPv6 address of fd00::a:0:0/96, in canonical text. */
export function ipv6Of(i: number): string {
  const high = (i >>> 16).toString(16)
  const low = (i & 0xffff).toString(16)
  // One group at the end would read as a compatible address: there is always one before it.
  return `fd00::a:${high}:${low}/128`
}

/**
 * Allowed IPs of both families by turns, all different, also from those of 255 other blocks: a
 * block for each peer. A block has room for 131,072.
 */
export function allowedIPsOf(block: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    (i % 2 === 0 ? ipv4Of : ipv6Of)((block << 16) + (i >> 1)),
  )
}

/** The device with its peers sorted by key and their allowed IPs by text, to compare sets. */
export function sorted(device: Device): Device {
  return { ...device, peers: device.peers.map(sortedPeer).toSorted(byPublicKey) }
}

function sortedPeer(peer: Peer): Peer {
  return { ...peer, allowedIPs: peer.allowedIPs.toSorted() }
}

function byPublicKey(a: Peer, b: Peer): number {
  return a.publicKey < b.publicKey ? -1 : Number(a.publicKey > b.publicKey)
}
