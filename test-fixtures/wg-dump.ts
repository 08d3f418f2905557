import { type Device, formatEndpoint } from 'wireguardcfg'

/** The output of `wg show NAME dump` for a device, according to wg(8). */
export function formatDump(device: Device): string {
  const { privateKey, publicKey, listenPort, firewallMark, peers } = device
  const mark = firewallMark === 0 ? 'off' : `0x${firewallMark.toString(16)}`
  const lines = [
    [privateKey?.toBase64() ?? '(none)', publicKey ?? '(none)', listenPort, mark],
    ...peers.map((peer) => [
      peer.publicKey,
      peer.presharedKey?.toBase64() ?? '(none)',
      peer.endpoint === undefined ? '(none)' : formatEndpoint(peer.endpoint),
      peer.allowedIPs.join(',') || '(none)',
      Math.floor((peer.lastHandshake?.getTime() ?? 0) / 1000),
      peer.receiveBytes,
      peer.transmitBytes,
      peer.persistentKeepalive || 'off',
    ]),
  ]
  return lines.map((line) => `${line.join('\t')}\n`).join('')
}
