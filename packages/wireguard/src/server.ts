/**
 * A WireGuard device inside your process, for tests without root and for trying things out: what
 * `wireguardcfg/server` has.
 *
 * @packageDocumentation
 */
export { UapiServer, type SimulatedPeer, type UapiServerOptions } from 'wireguardcfg/server'
