/**
 * Reads and writes the configuration files of wg(8) and wg-quick(8) without losing a byte. It
 * exports what `wireguardcfg/conf` exports.
 *
 * @packageDocumentation
 */
export {
  addPeer,
  checkConf,
  configFromConf,
  ConfError,
  confFromConfig,
  confFromDevice,
  formatConf,
  formatProblem,
  interfaceSettings,
  parseConf,
  peerName,
  peerSettings,
  saveConf,
  setPeerName,
  stripConf,
  type AnyKey,
  type Conf,
  type ConfDialect,
  type ConfDNS,
  type ConfEndpoint,
  type ConfInterface,
  type ConfKey,
  type ConfLine,
  type ConfOptions,
  type ConfPeer,
  type ConfPeerInit,
  type ConfProblem,
  type ConfSection,
  type ConfSectionKind,
  type LineEnd,
  type PeerKey,
  type PeerNameOptions,
  type QuickKey,
  type SaveConfOptions,
  type WgInterfaceKey,
} from 'wireguardcfg/conf'
