/**
 * A WireGuard device without packets on a real unix socket, for tests and experiments. Every
 * program that speaks the cross-platform text protocol (https://www.wireguard.com/xplatform/) can
 * configure it, also wg(8).
 *
 * @packageDocumentation
 */
export {
  UapiServer,
  type SimulatedPeer,
  type UapiServerOptions,
} from './uapi/server/uapi-server.js'
