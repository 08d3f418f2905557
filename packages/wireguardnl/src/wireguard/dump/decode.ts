// This folder reads a device: read.ts requests the dump, this file decodes its messages, merge.ts
// merges them. The peers of a message are decoded in three passes over one table of offsets:
//
// 1. scan (scan.ts, fast-path.ts) checks every length and records where every attribute is.
// 2. render (render.ts, ascii.ts) writes all keys and addresses as ASCII text into one arena.
// 3. build (build.ts) creates the peers, whose strings are slices of that text, decoded once.

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
import { scanEntries, scanPeers } from './scan.js'
import { PeerTable } from './table.js'

/**
 * The attributes of the device itself in one message. A message without them leaves all fields
 * absent.
 */
export interface DeviceAttributes {
  index?: number
  name?: string
  /** Present if a private key is set. */
  privateKey?: SecretKey
  /** Present if a private key is set. */
  publicKey?: string
  listenPort?: number
  firewallMark?: number
}

/** One message of a dump, which is a part of a device. */
export interface DevicePart {
  readonly attributes: DeviceAttributes
  /**
   * The first entry may continue the last peer of the previous message: see {@link DecodedPeer}.
   */
  readonly peers: DecodedPeer[]
}

/**
 * Decodes one message of a WG_CMD_GET_DEVICE dump. The result shares no memory with the message.
 * Unknown attributes are skipped. With `ownText`, the strings of the peers share no memory with
 * each other either: see {@link PeerListDecoder}.
 *
 * @throws {MalformedMessageError} when the message breaks the rules of <linux/wireguard.h>
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
        // The last one of a repeated attribute counts, as in the kernel's own parser.
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
 * Decodes lists of peers in the three passes that the header of this file lists, in a fifth of the
 * time of one conversion per key. Preshared keys are copied to slabs of raw bytes: no secret is
 * ever part of a text that other strings share.
 */
export class PeerListDecoder {
  readonly #found = new PeerTable()
  readonly #secrets = new PresharedKeySlab()
  #arena = new Arena(0)

  /**
   * Returns the entries of the attribute WGDEVICE_A_PEERS. Their strings are slices of one text,
   * which stays in memory as long as any of them. With `ownText` every string has its own memory,
   * for callers that drop most of them; this takes half as long again.
   *
   * @throws {MalformedMessageError}
   */
  decode(list: AttributeReader, zones: Zones, ownText = false): DecodedPeer[] {
    scanPeers(list, this.#found)
    return this.#finish(list.view, list.length, zones, ownText)
  }

  /**
   * Returns some entries of such a list.
   *
   * @param places where each stretch of entries begins and ends
   * @throws {MalformedMessageError}
   */
  decodeSome(view: DataView, places: readonly number[], zones: Zones): DecodedPeer[] {
    let length = 0
    for (let i = 0; i < places.length; i += 2) length += places[i + 1]! - places[i]!
    this.#found.reset(length)
    for (let i = 0; i < places.length; i += 2) {
      scanEntries(view, places[i]!, places[i + 1]!, this.#found)
    }
    return this.#finish(view, length, zones, false)
  }

  /** Makes the peers of the entries that were found in so many bytes. */
  #finish(view: DataView, length: number, zones: Zones, ownText: boolean): DecodedPeer[] {
    const found = this.#found
    // A key has at least 40 bytes in the message and 44 characters, an allowed IP at least 25 and
    // 18 or 37 and 43, an endpoint 20 and 15 or 32 and 39. So the text is at most a quarter longer
    // than the bytes.
    if (this.#arena.bytes.length < 2 * length) this.#arena = new Arena(4 * length)
    const { bytes } = this.#arena
    const end = renderPeers(found, view, this.#arena)
    const text = ownText ? new OwnText(bytes) : bytes.toString('latin1', 0, end)
    return buildPeers(found, text, view, zones, this.#secrets)
  }
}

/** A text whose slices are strings with memory of their own. */
class OwnText implements Sliceable {
  readonly #arena: Buffer

  constructor(arena: Buffer) {
    this.#arena = arena
  }

  slice(start: number, end: number): string {
    return this.#arena.toString('latin1', start, end)
  }
}

// One decoder for the process suffices: decoding never waits.
export const peerList = new PeerListDecoder()
