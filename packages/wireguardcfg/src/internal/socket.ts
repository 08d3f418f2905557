/**
 * Not public: this entry may change in any release, also in a patch. The facade imports from it
 * what it needs to start and stop userspace implementations.
 *
 * @packageDocumentation
 */
export { probeSocket, type SocketState } from '../uapi/probe.js'
export { socketPath } from '../uapi/socket-path.js'
