// A straightforward decoder, the reference for the decoder of the library. It makes a Buffer per
// attribute, one toString('base64') per key, and template strings for addresses. It has no checks,
// and works on little-endian machines only.

const HEADERS = 16 + 4

/**
 * Decodes the peers in the datagrams of a WG_CMD_GET_DEVICE dump (<linux/wireguard.h>).
 *
 * @param {readonly Uint8Array[]} datagrams one message each
 */
export function decodePlainly(datagrams) {
  const peers = []
  for (const datagram of datagrams) {
    const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
    for (const [type, payload] of attributes(bytes.subarray(HEADERS))) {
      if (type !== 8) continue
      for (const [, entry] of attributes(payload)) peers.push(decodePeer(entry))
    }
  }
  return peers
}

/** @param {Buffer} bytes */
function decodePeer(bytes) {
  const peer = {
    publicKey: '',
    presharedKey: undefined,
    endpoint: undefined,
    persistentKeepalive: 0,
    lastHandshake: undefined,
    receiveBytes: 0,
    transmitBytes: 0,
    allowedIPs: [],
    protocolVersion: 1,
  }
  for (const [type, payload] of attributes(bytes)) {
    switch (type) {
      case 1:
        peer.publicKey = payload.toString('base64')
        break
      case 2:
        peer.presharedKey = payload.toString('base64')
        break
      case 4:
        peer.endpoint = { host: address(payload.subarray(4, 8)), port: payload.readUInt16BE(2) }
        break
      case 5:
        peer.persistentKeepalive = payload.readUInt16LE(0)
        break
      case 6:
        peer.lastHandshake = new Date(
          Number(payload.readBigInt64LE(0)) * 1000 + Math.floor(payload.readUInt32LE(8) / 1e6),
        )
        break
      case 7:
        peer.receiveBytes = Number(payload.readBigUInt64LE(0))
        break
      case 8:
        peer.transmitBytes = Number(payload.readBigUInt64LE(0))
        break
      case 9:
        for (const [, entry] of attributes(payload)) peer.allowedIPs.push(decodeAllowedIP(entry))
        break
      case 10:
        peer.protocolVersion = payload.readUInt32LE(0)
        break
    }
  }
  return peer
}

/** @param {Buffer} bytes */
function decodeAllowedIP(bytes) {
  let text = ''
  let length = 0
  for (const [type, payload] of attributes(bytes)) {
    if (type === 2) text = address(payload)
    else if (type === 3) length = payload[0]
  }
  return `${text}/${length}`
}

/** @param {Buffer} bytes */
function address(bytes) {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const groups = []
  for (let i = 0; i < 16; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  // Find the longest run of zeros, which `::` replaces.
  let start = 0
  let length = 0
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && groups[end] === '0') end++
    if (end - i > length) [start, length] = [i, end - i]
  }
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** @param {Buffer} bytes */
function attributes(bytes) {
  /** @type {[number, Buffer][]} */
  const found = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt16LE(at)
    found.push([bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length)])
    at += (length + 3) & ~3
  }
  return found
}
