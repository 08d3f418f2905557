import { readdirSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { loadExchange } from '../../../../test-fixtures/load.js'
import { readDoneMessage, readErrorMessage } from '../../../wireguardnl/src/netlink/extended-ack.js'
import { MalformedMessageError } from '../../../wireguardnl/src/netlink/malformed.js'
import { MessageReader } from '../../../wireguardnl/src/netlink/message.js'
import { decodeAddress } from '../../../wireguardnl/src/route/address.js'
import { decodeRoute } from '../../../wireguardnl/src/route/route.js'
import { decodeRule } from '../../../wireguardnl/src/route/rule.js'
import { decodeTable } from '../../../wireguardnl/src/nft/table.js'
import { decodeLink } from '../../../wireguardnl/src/route/link.js'
import { decodeDevice } from '../../../wireguardnl/src/wireguard/dump/decode.js'
import { DumpMerger } from '../../../wireguardnl/src/wireguard/dump/merge.js'
import { DATAGRAMS } from '../../../wireguardnl/test/support/captures.js'
import { zones } from '../../../wireguardnl/test/support/zones.js'
import { revealed } from '../revealed.js'
import { must, target } from '../target.js'

const KERNELS = ['6.1', '6.12'] as const
const FOLDER = new URL('../../../../test-fixtures/netlink/', import.meta.url)

/** Bytes that surround a datagram. They must not matter. */
const GUARDS = [0x00, 0xff, 0x24] as const
const GUARD_LENGTH = 64

export const netlinkDatagrams = target<Uint8Array>({
  name: 'netlink-datagrams',
  what: 'datagrams of the kernel to the decoders, which read nothing beside them',
  fresh: fc.uint8Array({ maxLength: 200 }),
  seeds: () => [...DATAGRAMS.map(([, bytes]) => bytes), ...capturedDatagrams()],
  words: [
    'wg0\0',
    'wireguard\0',
    '\x04\0\0\0',
    '\x08\0\x08\x80',
    '\x24\0\x01\0',
    '\xff\xff\xff\xff',
  ],
  open: () => ({ run: decodeEverywhere }),
})

/** The shorter datagrams of the captured conversations, in both directions. */
export function capturedDatagrams(): readonly Uint8Array[] {
  return KERNELS.flatMap((kernel) =>
    readdirSync(new URL(`${kernel}/`, FOLDER))
      .filter((file) => file.endsWith('.hex'))
      .flatMap((file) => {
        const { sent, received } = loadExchange(`netlink/${kernel}/${file}`)
        return [...sent, ...received].filter(({ length }) => length <= 4096)
      }),
  )
}

/** Decodes a datagram in several surroundings and compares. */
function decodeEverywhere(datagram: Uint8Array): void {
  const results = GUARDS.map((guard) => {
    const buffer = new Uint8Array(datagram.length + 2 * GUARD_LENGTH).fill(guard)
    buffer.set(datagram, GUARD_LENGTH)
    const result = decode(buffer.subarray(GUARD_LENGTH, GUARD_LENGTH + datagram.length))
    must(
      buffer.every(
        (byte, i) => byte === (datagram[i - GUARD_LENGTH] ?? guard) || isInside(i, datagram),
      ),
      'bytes beside the datagram were changed',
    )
    return result
  })
  results.push(decode(datagram.slice()))
  for (const result of results) {
    must(
      isDeepStrictEqual(result, results[0]),
      () => `what is beside the datagram matters: ${JSON.stringify([results[0], result])}`,
    )
  }
}

function isInside(at: number, datagram: Uint8Array): boolean {
  return at >= GUARD_LENGTH && at < GUARD_LENGTH + datagram.length
}

/** Everything that the decoders make of a datagram, with the bytes of its secrets. */
function decode(datagram: Uint8Array): unknown {
  const results: unknown[] = []
  const merger = new DumpMerger()
  const attempt = (run: () => unknown): void => {
    try {
      results.push(revealed(run()))
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error
      results.push(error.message)
    }
  }
  attempt(() => {
    for (const message = new MessageReader(datagram); message.next();) {
      attempt(() => readErrorMessage(message))
      attempt(() => readDoneMessage(message))
      attempt(() => decodeLink(message))
      attempt(() => decodeAddress(message))
      attempt(() => decodeRoute(message))
      attempt(() => decodeRule(message))
      attempt(() => decodeTable(message))
      attempt(() => decodeDevice(message, zones, true))
      attempt(() => merger.add(decodeDevice(message, zones)))
    }
    return merger.end()
  })
  return results
}
