import { accept, parseInteger, parseKey, parseTrue } from './set-values.js'
import type { DeviceState } from './state.js'
import { type Errno, INVALID, OK, PORT_IN_USE } from './status.js'

/** Splits `key=value`; undefined: there is no `=`. */
export function splitLine(line: string): readonly [key: string, value: string] | undefined {
  const equals = line.indexOf('=')
  return equals < 0 ? undefined : [line.slice(0, equals), line.slice(equals + 1)]
}

/** Applies a line before the first peer, which every implementation takes alike. */
export function applyDeviceLine(device: DeviceState, key: string, value: string): Errno {
  switch (key) {
    case 'private_key':
      return accept(parseKey(value), (bytes) => device.setPrivateKey(bytes))
    case 'listen_port': {
      const port = parseInteger(value, 0xffff)
      if (port === undefined) return INVALID
      return device.setListenPort(port) ? OK : PORT_IN_USE
    }
    case 'fwmark':
      return accept(parseInteger(value, 0xffff_ffff), (mark) => {
        device.firewallMark = mark
      })
    case 'replace_peers':
      return accept(parseTrue(value), () => device.removeAllPeers())
    default:
      return INVALID
  }
}
