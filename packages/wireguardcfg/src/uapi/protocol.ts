// Everything that the client needs to talk to a daemon, in one module. The client imports it when
// it first finds a socket, so a process that has kernel devices only never loads it.
export { checkDeviceConfig } from '../backend/check.js'
export { moveToTemporaryPeer, removesAllowedIPs } from '../backend/removal.js'
export { formatRemovalProbe, formatSet, GET_REQUEST } from './format.js'
export { ReplyParser } from './parse.js'
export { PeerStream } from './peer-stream.js'
export { exchange, isListening } from './socket.js'
