// Times the transport of a dump without its decoding. The public API has no function for that.
import {
  Connection,
  encodeGetDevice,
  encodeMessage,
  Families,
  KernelSocket,
  NETLINK_GENERIC,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
} from './dist/internals.js'

/**
 * Opens a socket that requests the dump of a device, receives it and discards it.
 *
 * @param {string} name
 * @returns {Promise<{ receive(): void, close(): Promise<void> }>}
 */
export async function receiveDump(name) {
  const connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
  const family = await new Families().resolve(connection, 'wireguard')
  await connection.close()
  const socket = KernelSocket.open(NETLINK_GENERIC)
  const header = { type: family, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: 1 }
  return {
    receive() {
      socket.send(encodeMessage(header, encodeGetDevice(name)))
      for (let datagrams = 0; ; datagrams++) {
        const datagram = socket.receive()
        if (datagram === undefined) throw new Error(`no datagram after ${datagrams}`)
        // DONE has a datagram of its own, or is the last message of one.
        if (endsWithDone(datagram)) return
      }
    },
    close: () => socket.close(),
  }
}

/** @param {Uint8Array} datagram */
function endsWithDone(datagram) {
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length)
  let type = 0
  for (let at = 0; at < datagram.length; at += (view.getUint32(at, true) + 3) & ~3) {
    type = view.getUint16(at + 4, true)
  }
  return type === NLMSG_DONE
}
