import { deepStrictEqual } from 'node:assert/strict'
import { decodeDevice, DumpMerger, MessageReader } from '../dist/internals.js'
import { sideBySide } from '../measure.mjs'
import { decodePlainly } from '../plain-decoder.mjs'
import { datagramsOf, dumpPayloads } from '../replay.mjs'
import { PEERS } from '../sample.mjs'

const ZONES = { index: () => 0, name: () => undefined }

/** @type {readonly import('../case.d.ts').Case[]} */
export const decode = [
  {
    name: 'decode',
    title:
      'decoding the dump of 10,000 peers, warm, against a plain decoder (one toString per key, template strings)',
    aim: { by: 'ratio', atMost: 0.4, stretch: 0.25 },
    needs: [],
    run: async () => {
      const datagrams = datagramsOf(dumpPayloads(PEERS))
      const [ours, theirs] = [decodeAll(datagrams), decodePlainly(datagrams)]
      if (ours.length !== PEERS) throw new Error(`${ours.length} peers`)
      // Both must do the same work, or the ratio has no meaning.
      deepStrictEqual(ours.map(comparable), theirs)
      const samples = await sideBySide(
        () => decodeAll(datagrams),
        () => decodePlainly(datagrams),
        { rounds: 200, warmUp: 50 },
      )
      return { unit: 'ms', ...samples }
    },
  },
]

/** @param {readonly Uint8Array[]} datagrams */
function decodeAll(datagrams) {
  const merger = new DumpMerger()
  const peers = []
  for (const datagram of datagrams) {
    for (const message = new MessageReader(datagram); message.next();) {
      for (const peer of merger.add(decodeDevice(message, ZONES))) peers.push(peer)
    }
  }
  peers.push(...merger.end())
  return peers
}

function comparable(peer) {
  return { ...peer, presharedKey: peer.presharedKey?.toBase64() }
}
