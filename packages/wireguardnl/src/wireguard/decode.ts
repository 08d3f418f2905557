import { publicKeyFromBytes, SecretKey } from 'wireguardcfg'
import { GENL_HDRLEN } from '../genl/constants.js'
import { AttributeReader } from '../netlink/attribute-reader.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import type { Message } from '../netlink/message.js'
import {
  WG_KEY_LEN,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_A_PUBLIC_KEY,
} from './constants.js'
import { PeerListDecoder } from './decode-peers.js'
import type { DecodedPeer } from './make-peers.js'
import type { Zones } from './sockaddr.js'

/** What a message says about the device itself; a message without these attributes has none of the fields. */
export interface DeviceAttributes {
  index?: number
  name?: string
  /** Present when one is set. */
  privateKey?: SecretKey
  /** Present when a private key is set. */
  publicKey?: string
  listenPort?: number
  firewallMark?: number
}

/** One message of a dump: a part of a device. */
export interface DevicePart {
  readonly attributes: DeviceAttributes
  /** An entry may be the rest of the last peer of the message before: see {@link DecodedPeer}. */
  readonly peers: DecodedPeer[]
}

// One for the process: decoding never waits.
const peerList = new PeerListDecoder()

/**
 * Decodes one message of a WG_CMD_GET_DEVICE dump. Nothing of the result shares memory with the message. Unknown attributes
 * are skipped. With `ownText`, the strings of the peers share no memory with each other either: see {@link PeerListDecoder}.
 *
 * @throws {MalformedMessageError} when the message is not what <linux/wireguard.h> says
 */
export function decodeDevice(message: Message, zones: Zones, ownText = false): DevicePart {
  const attributes: DeviceAttributes = {}
  let peers: DecodedPeer[] = []
  const attribute = AttributeReader.of(message, GENL_HDRLEN)
  while (attribute.next()) {
    switch (attribute.type) {
      case WGDEVICE_A_IFINDEX:
        attributes.index = attribute.u32()
        break
      case WGDEVICE_A_IFNAME:
        attributes.name = attribute.string()
        break
      case WGDEVICE_A_PRIVATE_KEY:
        attribute.need(WG_KEY_LEN)
        attributes.privateKey = SecretKey.view(copyKey(attribute), 0)
        break
      case WGDEVICE_A_PUBLIC_KEY:
        attribute.need(WG_KEY_LEN)
        attributes.publicKey = publicKeyFromBytes(copyKey(attribute))
        break
      case WGDEVICE_A_LISTEN_PORT:
        attributes.listenPort = attribute.u16()
        break
      case WGDEVICE_A_FWMARK:
        attributes.firewallMark = attribute.u32()
        break
      case WGDEVICE_A_PEERS:
        // Of a repeated attribute the last one counts, as in the kernel's own parser.
        peers = peerList.decode(attribute, zones, ownText)
        break
    }
  }
  if (attributes.name === '')
    throw new MalformedMessageError('an empty interface name', message.start)
  return { attributes, peers }
}

function copyKey(attribute: AttributeReader): Uint8Array {
  return attribute.source.slice(attribute.start, attribute.start + WG_KEY_LEN)
}
