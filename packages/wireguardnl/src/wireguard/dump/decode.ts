import { publicKeyFromBytes, SecretKey } from 'wireguardcfg'
import { GENL_HDRLEN } from '../../genl/constants.js'
import { AttributeReader } from '../../netlink/attribute-reader.js'
import { MalformedMessageError } from '../../netlink/malformed.js'
import type { Message } from '../../netlink/message.js'
import {
  WG_KEY_LEN,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_A_PUBLIC_KEY,
} from '../constants.js'
import type { Zones } from '../structs.js'
import { Arena } from './ascii.js'
import { type DecodedPeer, buildPeers, PresharedKeySlab, type Sliceable } from './build.js'
import { renderPeers } from './render.js'
import { scanPeers } from './scan.js'
import { PeerTable } from './table.js'

/**
 * What a message says about the device itself; a message without these attributes has none of the
 * fields.
 */
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

/**
 * Decodes one message of a WG_CMD_GET_DEVICE dump. Nothing of the result shares memory with the
 * message. Unknown attributes are skipped. With `ownText`, the strings of the peers share no memory
 * with each other either: see {@link PeerListDecoder}.
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

/**
 * Decodes lists of peers in three passes: one finds and checks the attributes, one writes the text
 * of all keys, addresses and ranges as ASCII into one arena; that is decoded once, and the last
 * pass makes the peers, their strings slices of the one text. A fifth of the time of one conversion
 * per key. Preshared keys are copied to slabs of raw bytes: no secret is ever text that others
 * share.
 */
export class PeerListDecoder {
  readonly #found = new PeerTable()
  readonly #secrets = new PresharedKeySlab()
  #arena = new Arena(0)

  /**
   * The entries of the attribute WGDEVICE_A_PEERS. Their strings are slices of one text, which
   * lives as long as any of them; with `ownText` every string is its own, for those who drop most
   * of them: it takes half as long again.
   *
   * @throws {MalformedMessageError}
   */
  decode(list: AttributeReader, zones: Zones, ownText = false): DecodedPeer[] {
    const found = this.#found
    scanPeers(list, found)
    // An entry has at least a key (40 bytes for 44 characters), a range at least 25 bytes for 18
    // characters or 37 for 43, an endpoint 20 for 15 or 32 for 39: text is at most a quarter longer
    // than its bytes.
    if (this.#arena.bytes.length < 2 * list.length) this.#arena = new Arena(4 * list.length)
    const { bytes } = this.#arena
    const end = renderPeers(found, list.view, this.#arena)
    const text = ownText ? new OwnText(bytes) : bytes.toString('latin1', 0, end)
    return buildPeers(found, text, list.view, zones, this.#secrets)
  }
}

/** A text every slice of which is a string of its own. */
class OwnText implements Sliceable {
  readonly #arena: Buffer

  constructor(arena: Buffer) {
    this.#arena = arena
  }

  slice(start: number, end: number): string {
    return this.#arena.toString('latin1', start, end)
  }
}

// One for the process: decoding never waits.
const peerList = new PeerListDecoder()
