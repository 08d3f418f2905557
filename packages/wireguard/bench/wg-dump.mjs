/**
 * Parses the output of `wg show NAME dump` into objects with the same content as a `Device`:
 * numbers, dates and lists instead of text. Written as a user would write it.
 *
 * @param {string} text
 */
export function parseDump(text) {
  const [first, ...rest] = text.trimEnd().split('\n')
  const [privateKey, publicKey, listenPort, firewallMark] = first.split('\t')
  return {
    privateKey: optional(privateKey),
    publicKey: optional(publicKey),
    listenPort: Number(listenPort),
    firewallMark: firewallMark === 'off' ? 0 : Number(firewallMark),
    peers: rest.map((line) => parsePeer(line)),
  }
}

/** @param {string} line */
function parsePeer(line) {
  const [publicKey, presharedKey, endpoint, allowedIPs, handshake, received, sent, keepalive] =
    line.split('\t')
  const seconds = Number(handshake)
  return {
    publicKey,
    presharedKey: optional(presharedKey),
    endpoint: endpoint === '(none)' ? undefined : parseEndpoint(endpoint),
    allowedIPs: allowedIPs === '(none)' ? [] : allowedIPs.split(','),
    lastHandshake: seconds === 0 ? undefined : new Date(seconds * 1000),
    receiveBytes: Number(received),
    transmitBytes: Number(sent),
    persistentKeepalive: keepalive === 'off' ? 0 : Number(keepalive),
  }
}

/** @param {string} text */
function optional(text) {
  return text === '(none)' ? undefined : text
}

/** @param {string} text `address:port`, or `[address]:port` */
function parseEndpoint(text) {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon)
  return {
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port: Number(text.slice(colon + 1)),
  }
}
