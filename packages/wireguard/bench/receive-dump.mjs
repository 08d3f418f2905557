// Not public: what lies below the decoding of a dump can be timed on its own here only.
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
 * A socket that asks for the dump of a device and receives it, and does nothing with it.
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
        // A DONE comes alone or at the end.
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
