import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import { NetlinkError } from '../../netlink/errors.js'
import { nextTurn } from '../../netlink/yield.js'
import { attributeName } from './attribute-name.js'
import { WG_GENL_NAME } from '../constants.js'
import { toWireGuardError } from '../errors.js'
import type { DeviceSession } from '../session.js'
import { type SetMessage, type SplitOptions, splitDeviceConfig } from './messages.js'

/** How a configuration is sent. */
export interface SendOptions extends SplitOptions {
  /**
   * The name, or the index, which stays the same device when another one gets its name half way.
   */
  readonly device: string | number
  /** How many entries at the beginning are not the caller's: they do not count as applied. */
  readonly ownEntries?: number | undefined
}

// Answers that the kernel gives before a message has any effect on peers.
const BEFORE_PEERS = new Set([
  'EPERM',
  'ENODEV',
  'EOPNOTSUPP',
  'ENOENT',
  'EADDRINUSE',
  'EBADR',
  'ERANGE',
])

/**
 * Sends a configuration, message after message, each when the one before is acknowledged; the next
 * one is written meanwhile. All go through a thread: the kernel waits for RTNL, holds it for the
 * whole message, and computes for every new peer.
 *
 * @throws WireGuardError with `applied`, once something may have been applied; the NetlinkError is
 * its cause
 */
export async function sendConfig(
  session: DeviceSession,
  config: CheckedDeviceConfig,
  options: SendOptions,
): Promise<void> {
  const messages = splitDeviceConfig(options.device, config, options)
  const { length } = config.peers ?? []
  let before: SetMessage | undefined
  try {
    for (let next = messages.next(); next.done !== true;) {
      const message: SetMessage = next.value
      const last = message.completedPeers === length
      const [sent, written] = await Promise.allSettled([
        sendMessage(session, message, before, config, options.ownEntries),
        // When the thread has this one.
        last ? undefined : nextTurn().then(() => messages.next()),
      ])
      message.payload.fill(0)
      if (sent.status === 'rejected') throw sent.reason
      if (written.status === 'rejected') throw written.reason
      if (written.value === undefined) break
      before = message
      next = written.value
    }
  } finally {
    // Zeroes what was written ahead.
    messages.return()
  }
}

async function sendMessage(
  session: DeviceSession,
  { payload }: SetMessage,
  before: SetMessage | undefined,
  config: CheckedDeviceConfig,
  ownEntries = 0,
): Promise<void> {
  const { kernel, call } = session
  let sent = false
  try {
    await session.exchange((connection) =>
      kernel.families.use(
        connection,
        WG_GENL_NAME,
        async (family) => {
          sent = true
          await connection.request(family, 0, payload, { ...call.exchange, send: 'writer' })
        },
        call.exchange,
      ),
    )
  } catch (error) {
    const progress =
      before !== undefined || (sent && !isBeforeEffects(error, config))
        ? {
            applied:
              sent && !isBeforePeers(error)
                ? ('unknown' as const)
                : Math.max(0, (before?.completedPeers ?? 0) - ownEntries),
          }
        : {}
    throw toWireGuardError(error, {
      ...call.context,
      ...progress,
      detail: detailOf(error, payload),
    })
  }
}

/** True when the message that failed has not touched any peer. */
function isBeforePeers(error: unknown): boolean {
  if (!(error instanceof NetlinkError)) return false
  // What was sent is applied, whether or not the acknowledgement can be received.
  if (error.kind === 'syscall') return error.operation !== 'receive'
  return (
    error.kind === 'message' &&
    (BEFORE_PEERS.has(error.code) || error.extendedAck?.offset !== undefined)
  )
}

/**
 * True when the message that failed has had no effect at all: only the mark is stored before the
 * port is tried.
 */
function isBeforeEffects(error: unknown, config: CheckedDeviceConfig): boolean {
  if (error instanceof NetlinkError && error.code === 'EADDRINUSE')
    return config.firewallMark === undefined
  return isBeforePeers(error)
}

/** The kernel's words, and its name for the attribute that it means. */
function detailOf(error: unknown, payload: Uint8Array): string | undefined {
  if (!(error instanceof NetlinkError) || error.extendedAck === undefined) return undefined
  const { message, offset } = error.extendedAck
  const name = offset === undefined ? undefined : attributeName(payload, offset)
  const parts = [name, message].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(': ')
}
