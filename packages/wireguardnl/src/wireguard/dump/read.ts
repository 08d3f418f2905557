import type { Device, Peer } from 'wireguardcfg'
import { encodeGenlHeader } from '../../genl/message.js'
import { AttributeWriter } from '../../netlink/attribute-writer.js'
import type { Connection } from '../../netlink/connection.js'
import { NLM_F_DUMP_INTR } from '../../netlink/constants.js'
import type { ExchangeOptions } from '../../netlink/deadline.js'
import type { Message } from '../../netlink/message.js'
import { WG_CMD_GET_DEVICE, WG_GENL_NAME, WG_GENL_VERSION } from '../constants.js'
import { decodeDevice } from './decode.js'
import { writeSelector } from '../set/encode.js'
import type { DumpMemory } from './memory.js'
import { DumpMerger } from './merge.js'
import type { Kernel } from '../kernel.js'

/**
 * Reads a device once, with what a memory has of the last read; `undefined` if it changed during
 * the dump, so that the result may be inconsistent.
 *
 * @throws {NetlinkError}
 * @throws {MalformedMessageError}
 */
export async function dumpDevice(
  connection: Connection,
  name: string,
  kernel: Kernel,
  options: ExchangeOptions,
  memory?: DumpMemory,
): Promise<Device | undefined> {
  const payload = encodeGetDevice(name)
  let merger = new DumpMerger()
  let peers: Peer[] = []
  const outcome = await kernel.families.use(
    connection,
    WG_GENL_NAME,
    (family) => {
      merger = new DumpMerger(memory !== undefined)
      peers = []
      memory?.begin()
      const onMessage = (message: Message) => {
        if (message.type !== family) return
        if (memory === undefined) merger.add(decodeDevice(message, kernel.zones), peers)
        else for (const part of memory.decode(message, kernel.zones)) merger.add(part, peers)
      }
      return connection.dump(family, payload, onMessage, options)
    },
    options,
  )
  if (outcome.interrupted) return undefined
  const known = memory?.end() ?? []
  if ('peers' in known) return known
  for (const part of known) merger.add(part, peers)
  peers.push(...merger.end())
  const device = merger.device(peers)
  if (memory === undefined) return device
  // The next read may give the same objects.
  Object.freeze(peers)
  memory.commit(Object.freeze(device))
  return device
}

/**
 * Yields the peers of a device, those of one datagram at a time. A peer that is spread over several
 * datagrams is yielded whole, with the last of them. `undefined` is yielded as the last item if the
 * device changed during the dump, so that the peers may be inconsistent. Leaving the iteration
 * early closes the socket.
 *
 * @throws {NetlinkError}
 * @throws {MalformedMessageError}
 */
export async function* readPeers(
  connection: Connection,
  name: string,
  kernel: Kernel,
  options: ExchangeOptions,
): AsyncGenerator<readonly Peer[] | undefined, void> {
  const payload = encodeGetDevice(name)
  const merger = new DumpMerger()
  const begin = async (id: number) => {
    const iterator = connection.messages(id, payload, options)
    return { id, iterator, first: await iterator.next() }
  }
  const { id, iterator, first } = await kernel.families.use(
    connection,
    WG_GENL_NAME,
    begin,
    options,
  )
  let result = first
  try {
    for (; result.done !== true; result = await iterator.next()) {
      const message = result.value
      if (message.type !== id) continue
      // The consumer may keep a key of each datagram. That must not keep the whole text of the
      // datagram in memory.
      const peers = merger.add(decodeDevice(message, kernel.zones, true))
      if ((message.flags & NLM_F_DUMP_INTR) !== 0) {
        yield undefined
        return
      }
      if (peers.length > 0) yield peers
    }
  } finally {
    // Has no effect if the iterator is at its end.
    await iterator.return({ interrupted: true, filtered: false, warning: undefined })
  }
  const last = merger.end()
  if (result.value.interrupted) yield undefined
  else if (last.length > 0) yield last
}

/** Encodes the payload of a WG_CMD_GET_DEVICE. */
export function encodeGetDevice(name: string): Uint8Array {
  const writer = new AttributeWriter(64)
  writer.raw(encodeGenlHeader(WG_CMD_GET_DEVICE, WG_GENL_VERSION))
  writeSelector(writer, name)
  return writer.bytes()
}
