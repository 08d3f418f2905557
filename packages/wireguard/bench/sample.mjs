import { formatEndpoint, SecretKey } from 'wireguard'

/** The number of peers in the large cases. */
export const PEERS = 10_000

/**
 * Returns the configuration of a device. Each peer has a preshared key, an IPv4 endpoint, one IPv4
 * and one IPv6 allowed IP.
 *
 * @param {number} peers at most 65536
 * @returns {import('wireguard').DeviceConfig & { peers: readonly import('wireguard').PeerConfig[]
 * }}
 */
export function sampleConfig(peers) {
  return {
    privateKey: SecretKey.generatePrivate(),
    peers: Array.from({ length: peers }, (_, i) => ({
      // Any 32 bytes are a public key. Random bytes take less time than a key pair.
      publicKey: SecretKey.generatePreshared().toBase64(),
      presharedKey: SecretKey.generatePreshared(),
      endpoint: { host: `198.51.${i >> 8}.${i & 255}`, port: 1024 + i },
      allowedIPs: [`10.7.${i >> 8}.${i & 255}/32`, `fd00:7::${i.toString(16)}/128`],
    })),
  }
}

/**
 * Formats the configuration as a file for wg(8).
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
