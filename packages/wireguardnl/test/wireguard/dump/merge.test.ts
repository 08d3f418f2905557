import { describe, expect, it } from '@jest/globals'
import { MalformedMessageError } from '../../../src/netlink/malformed.js'
import type { DecodedPeer } from '../../../src/wireguard/dump/build.js'
import { DumpMerger, MAX_EMPTY_MESSAGES } from '../../../src/wireguard/dump/merge.js'
import { publicKeyOf, samplePeer } from '../../../../../test-fixtures/sample.js'

const attributes = { name: 'wg0', index: 4, listenPort: 51820, firewallMark: 0 }

/** A whole entry. Its keepalive distinguishes it from a continuation. */
function peer(number: number, ...allowedIPs: string[]): DecodedPeer {
  return { ...continuation(number, ...allowedIPs), persistentKeepalive: 25, receiveBytes: 7 }
}

function continuation(number: number, ...allowedIPs: string[]): DecodedPeer {
  return { ...samplePeer({ publicKey: publicKeyOf(number) }), allowedIPs }
}

describe('DumpMerger', () => {
  it('holds the last peer until it is known to be complete', () => {
    const merger = new DumpMerger()
    expect(merger.add({ attributes, peers: [peer(1, 'a'), peer(2, 'b')] })).toEqual([peer(1, 'a')])
    expect(merger.add({ attributes: {}, peers: [peer(3)] })).toEqual([peer(2, 'b')])
    expect(merger.end()).toEqual([peer(3)])
    expect(merger.end()).toEqual([])
  })

  it('joins a peer that is spread over messages, and keeps the values of its first entry', () => {
    const merger = new DumpMerger()
    merger.add({ attributes, peers: [peer(1, 'a')] })
    expect(merger.add({ attributes, peers: [continuation(1, 'b', 'c')] })).toEqual([])
    expect(merger.add({ attributes, peers: [continuation(1)] })).toEqual([])
    expect(merger.add({ attributes: {}, peers: [continuation(1, 'd'), peer(2)] })).toEqual([
      peer(1, 'a', 'b', 'c', 'd'),
    ])
    expect(merger.end()).toEqual([peer(2)])
  })

  it('joins neighbours in one message', () => {
    const merger = new DumpMerger()
    merger.add({ attributes, peers: [peer(1, 'a'), continuation(1, 'b')] })
    expect(merger.end()).toEqual([peer(1, 'a', 'b')])
  })

  it('does not join entries with another peer between them', () => {
    const merger = new DumpMerger()
    expect(merger.add({ attributes, peers: [peer(1), peer(2), peer(1)] })).toEqual([
      peer(1),
      peer(2),
    ])
  })

  it('reads the attributes of the device from any message', () => {
    const merger = new DumpMerger()
    merger.add({ attributes: {}, peers: [] })
    merger.add({ attributes, peers: [] })
    merger.add({ attributes: { listenPort: 1 }, peers: [] })
    expect(merger.device([])).toEqual({
      ...attributes,
      listenPort: 1,
      backend: 'kernel',
      privateKey: undefined,
      publicKey: undefined,
      peers: [],
    })
  })

  it('refuses a dump that does not name its device', () => {
    const merger = new DumpMerger()
    merger.add({ attributes: {}, peers: [peer(1)] })
    expect(() => merger.device([])).toThrow(MalformedMessageError)
  })

  it.each([
    ['empty messages', { attributes: {}, peers: [] }],
    ['the device again and again', { attributes, peers: [] }],
    ['a peer again and again', { attributes, peers: [continuation(1)] }],
  ])('ends a dump of nothing but %s', (_, part) => {
    const merger = new DumpMerger()
    merger.add({ attributes, peers: [peer(1)] })
    for (let i = 1; i < MAX_EMPTY_MESSAGES; i++) merger.add(part)
    expect(() => merger.add(part)).toThrow(MalformedMessageError)
  })

  it('accepts a dump with one more allowed IP in each message', () => {
    const merger = new DumpMerger()
    merger.add({ attributes, peers: [peer(1)] })
    for (let i = 0; i < 1000; i++) {
      merger.add({ attributes, peers: [continuation(1, String(i))] })
    }
    expect(merger.end()[0]!.allowedIPs).toHaveLength(1000)
  })
})
