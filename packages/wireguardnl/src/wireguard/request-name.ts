import { CTRL_CMD_GETFAMILY, GENL_ID_CTRL } from '../genl/constants.js'
import { WG_CMD_GET_DEVICE, WG_CMD_SET_DEVICE } from './constants.js'

/**
 * Returns the kernel's name of a request to generic netlink, or the number of its type. The command
 * is the first byte of the payload, in struct genlmsghdr.
 */
export function genericRequestName(type: number, payload: Uint8Array): string {
  const [command] = payload
  const names = type === GENL_ID_CTRL ? CONTROLLER_NAMES : WIREGUARD_NAMES
  return names.get(command) ?? String(type)
}

const CONTROLLER_NAMES = new Map<number | undefined, string>([
  [CTRL_CMD_GETFAMILY, 'CTRL_CMD_GETFAMILY'],
])
// The only other family that is used here.
const WIREGUARD_NAMES = new Map<number | undefined, string>([
  [WG_CMD_GET_DEVICE, 'WG_CMD_GET_DEVICE'],
  [WG_CMD_SET_DEVICE, 'WG_CMD_SET_DEVICE'],
])
