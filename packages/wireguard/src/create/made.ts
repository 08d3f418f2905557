import type { BackendKind } from 'wireguardcfg'
import type { Network } from '../network.js'
import type { Daemon } from '../userspace/daemon.js'

/** An interface that `createDevice` made or found, while it works on it. */
export interface Made {
  readonly name: string
  readonly backend: BackendKind
  readonly fallback: string | undefined
  /** False: it was there before. */
  readonly created: boolean
  /** The userspace implementation that runs it, if this process started it. */
  readonly daemon: Daemon | undefined
  /** Where it is now. */
  network: Network
  /** Its number there: tells it from another one that has its name later. */
  index: number | undefined
}
