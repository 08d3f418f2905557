import { formatEndpoint, SecretKey } from 'wireguard'

/** How many peers the large cases have. */
export const PEERS = 10_000

/**
 * A device whose peers all have a preshared key, an IPv4 endpoint, one IPv4 and one IPv6 allowed
 * IP.
 *
 * @param {number} peers at most 65536
 * @returns {import('wireguard').DeviceConfig & { peers: readonly import('wireguard').PeerConfig[]
 * }}
 */
export function sampleConfig(peers) {
  return {
    privateKey: SecretKey.generatePrivate(),
    peers: Array.from({ length: peers }, (_, i) => ({
      // Any 32 bytes are a public key, and random ones are made faster.
      publicKey: SecretKey.generatePreshared().toBase64(),
      presharedKey: SecretKey.generatePreshared(),
      endpoint: { host: `198.51.${i >> 8}.${i & 255}`, port: 1024 + i },
      allowedIPs: [`10.7.${i >> 8}.${i & 255}/32`, `fd00:7::${i.toString(16)}/128`],
    })),
  }
}

/**
 * The same as wg(8) reads it from a file.
 *
 * @param {ReturnType<typeof sampleConfig>} config
 */
export function formatConf({ privateKey, peers }) {
  const sections = peers.map(
    ({ publicKey, presharedKey, endpoint, allowedIPs }) =>
      `[Peer]\nPublicKey = ${publicKey}\nPresharedKey = ${presharedKey.toBase64()}\n` +
      `Endpoint = ${formatEndpoint(endpoint)}\nAllowedIPs = ${allowedIPs.join(', ')}\n`,
  )
  return `[Interface]\nPrivateKey = ${privateKey.toBase64()}\n${sections.join('')}`
}
