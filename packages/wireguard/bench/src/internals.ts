// The private parts that the bench measures, bundled from the sources as the packages are.
export { formatSet } from '../../../wireguardcfg/src/uapi/format.js'
export { Families } from '../../../wireguardnl/src/genl/family.js'
export { AttributeWriter } from '../../../wireguardnl/src/netlink/attribute-writer.js'
export { Connection } from '../../../wireguardnl/src/netlink/connection.js'
export {
  NETLINK_GENERIC,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
} from '../../../wireguardnl/src/netlink/constants.js'
export { KernelSocket } from '../../../wireguardnl/src/netlink/kernel-socket.js'
export { encodeMessage, MessageReader } from '../../../wireguardnl/src/netlink/message.js'
export * as wg from '../../../wireguardnl/src/wireguard/constants.js'
export { RemovalSupport } from '../../../wireguardnl/src/wireguard/kernel.js'
export { decodeDevice } from '../../../wireguardnl/src/wireguard/dump/decode.js'
export { DumpMerger } from '../../../wireguardnl/src/wireguard/dump/merge.js'
export { encodeGetDevice } from '../../../wireguardnl/src/wireguard/dump/read.js'
