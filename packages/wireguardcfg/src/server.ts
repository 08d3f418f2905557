/**
 * A WireGuard device without packets behind a real unix socket, for tests and for trying things
 * out: everything that speaks the cross-platform text protocol
 * (https://www.wireguard.com/xplatform/) can configure it, wg(8) too.
 *
 * @packageDocumentation
 */
export {
  UapiServer,
  type SimulatedPeer,
  type UapiServerOptions,
} from './uapi/server/uapi-server.js'
