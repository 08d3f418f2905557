import type { Target } from './target.js'
import { command } from './targets/command.js'
import { confEdits } from './targets/conf-edits.js'
import { conf } from './targets/conf.js'
import { config } from './targets/config.js'
import { netlinkCalls } from './targets/netlink-calls.js'
import { netlinkDatagrams } from './targets/netlink-datagrams.js'
import { tunnelState } from './targets/tunnel-state.js'
import { uapiClient } from './targets/uapi-client.js'
import { uapiReplies } from './targets/uapi-replies.js'
import { uapiServer } from './targets/uapi-server.js'

/** Every target, in the order in which they run. */
export const TARGETS: readonly Target[] = [
  netlinkDatagrams,
  netlinkCalls,
  uapiReplies,
  uapiClient,
  uapiServer,
  conf,
  confEdits,
  config,
  command,
  tunnelState,
]
