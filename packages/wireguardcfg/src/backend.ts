/**
 * What the author of a {@link Backend} needs beside the model: the one validation, deadlines,
 * queues, and the removal of single allowed IPs where an implementation has none.
 *
 * @packageDocumentation
 */
export { abortError, callDeadline, type CallContext } from './backend/call.js'
export { checkDeviceConfig, markChecked } from './backend/check.js'
export {
  Deadline,
  type DeadlineFailure,
  type DeadlineOptions,
  type Progress,
} from './backend/deadline.js'
export { KeyedQueue, Mutex, Semaphore } from './backend/queue.js'
export {
  moveToTemporaryPeer,
  removesAllowedIPs,
  removesSome,
  type TemporaryPeerMove,
} from './backend/removal.js'
export { readAllowedIP, type AllowedIPReading } from './model/allowed-ip.js'
export type { CheckedDeviceConfig, CheckedPeerConfig } from './model/config.js'
