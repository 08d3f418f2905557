/**
 * Reads the configuration files of wg(8) and wg-quick(8) without losing a byte, checks them, edits
 * them line by line, and converts them into device configurations and back. Everything here works
 * on text; nothing accesses the system.
 *
 * @see https://git.zx2c4.com/wireguard-tools/about/src/man/wg.8
 * @see https://git.zx2c4.com/wireguard-tools/about/src/man/wg-quick.8
 * @packageDocumentation
 */
export { addPeer, type ConfPeerInit } from './conf/add-peer.js'
export { checkConf, type ConfOptions } from './conf/analyze.js'
export { clientConf, type ClientConfInit, type ClientConfServer } from './conf/client-conf.js'
export type { Conf } from './conf/conf.js'
export { configFromConf } from './conf/config-from-conf.js'
export { confFromConfig, confFromDevice } from './conf/from-device.js'
export type {
  ConfDialect,
  ConfKey,
  ConfSectionKind,
  PeerKey,
  QuickKey,
  WgInterfaceKey,
} from './conf/keys.js'
export type { ConfLine, LineEnd } from './conf/line.js'
export { peerName, setPeerName, type PeerNameOptions } from './conf/peer-name.js'
export { formatConf, parseConf } from './conf/parse.js'
export { ConfError, formatProblem, type ConfProblem } from './conf/problem.js'
export { saveConf } from './conf/save-conf.js'
export type { SaveConfOptions } from './conf/saved-state.js'
export type { AnyKey, ConfSection } from './conf/section.js'
export { interfaceSettings, peerSettings } from './conf/settings.js'
export { stripConf } from './conf/strip.js'
export type { ConfInterface, ConfPeer } from './conf/types.js'
export type { ConfEndpoint } from './conf/values/endpoint.js'
export type { ConfDNS } from './conf/values/quick.js'
