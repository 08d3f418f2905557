// Everything that the client needs to talk to a daemon, in one module.
export { checkDeviceConfig } from '../backend/check.js'
export { moveToTemporaryPeer, removesAllowedIPs } from '../backend/removal.js'
export { formatRemovalProbe, formatSet, GET_REQUEST } from './format.js'
export { ReplyParser } from './parse.js'
export { PeerStream } from './peer-stream.js'
export { exchange, isListening } from './socket.js'
