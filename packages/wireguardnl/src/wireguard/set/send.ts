import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import { nextTurn } from 'wireguardcfg/internal'
import { NetlinkError } from '../../netlink/errors.js'
import { attributeName } from './attribute-name.js'
import { WG_GENL_NAME } from '../constants.js'
import { toWireGuardError } from '../errors.js'
import type { DeviceSession } from '../session.js'
import { type SetMessage, type SplitOptions, splitDeviceConfig } from './messages.js'

/** How a configuration is sent. */
export interface SendOptions extends SplitOptions {
  /**
   * The name or the index. The index keeps to the same device when another one gets its name during
   * the write.
   */
  readonly device: string | number
  /** How many of the last entries are not the caller's. They do not count as applied. */
  readonly ownEntries?: number | undefined
}

// The errors that the kernel reports before a message has any effect on peers.
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
 * Sends a configuration, one message after the other. Sends each when the previous one is
 * acknowledged, and encodes the next one during the wait. A thread sends them, because the kernel
 * waits for RTNL, holds it for the whole message, and computes for every new peer.
 *
 * @throws WireGuardError with `applied` when something may have been applied; its cause is the
 * NetlinkError
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
        // In the next turn, when the thread has this message.
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
    // Zeroes the message that was encoded ahead.
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
                : Math.min(before?.completedPeers ?? 0, (config.peers?.length ?? 0) - ownEntries),
          }
        : {}
    throw toWireGuardError(error, {
      ...call.context,
      ...progress,
      detail: detailOf(error, payload),
    })
  }
}

/** Returns true when the message that failed has changed no peer. */
function isBeforePeers(error: unknown): boolean {
  if (!(error instanceof NetlinkError)) return false
  // A message that was sent is applied, even if the acknowledgement cannot be received.
  if (error.kind === 'syscall') return error.operation !== 'receive'
  return (
    error.kind === 'message' &&
    (BEFORE_PEERS.has(error.code) || error.extendedAck?.offset !== undefined)
  )
}

/**
 * Returns true when the message that failed has changed nothing at all. Only the mark is stored
 * before the kernel tries the port.
 */
function isBeforeEffects(error: unknown, config: CheckedDeviceConfig): boolean {
  if (error instanceof NetlinkError && error.code === 'EADDRINUSE')
    return config.firewallMark === undefined
  return isBeforePeers(error)
}

/** Returns the kernel's message and the name of the attribute that the kernel refers to. */
function detailOf(error: unknown, payload: Uint8Array): string | undefined {
  if (!(error instanceof NetlinkError) || error.extendedAck === undefined) return undefined
  const { message, offset } = error.extendedAck
  const name = offset === undefined ? undefined : attributeName(payload, offset)
  const parts = [name, message].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(': ')
}
