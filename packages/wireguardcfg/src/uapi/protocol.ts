// What speaks to a daemon, as one: the client imports it when it first finds a socket. A process
// that has devices of the kernel only does without these modules.
export { checkDeviceConfig } from '../backend/check.js'
export { moveToTemporaryPeer, removesAllowedIPs } from '../backend/removal.js'
export { formatRemovalProbe, formatSet, GET_REQUEST } from './format.js'
export { ReplyParser } from './parse.js'
export { PeerStream } from './peer-stream.js'
export { exchange, isListening } from './socket.js'
