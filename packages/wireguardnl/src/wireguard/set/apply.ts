import { isWireGuardError, type PublicKey, WireGuardError } from 'wireguardcfg'
import {
  type CheckedDeviceConfig,
  moveToTemporaryPeer,
  removesAllowedIPs,
} from 'wireguardcfg/backend'
import type { DeviceSession } from '../session.js'
import { sendConfig } from './send.js'

// With what follows, all that a client needs when it writes.
export { checkZones } from './messages.js'

/**
 * Applies a configuration to a device. Single allowed IPs are removed by the flag for it where the
 * kernel has that (since Linux 6.16), and else by a temporary peer, after reading which of them are
 * this peer's.
 *
 * @throws WireGuardError
 */
export async function applyConfig(
  session: DeviceSession,
  config: CheckedDeviceConfig,
): Promise<void> {
  const { removal } = session.kernel
  if (!removesAllowedIPs(config)) return send(session, config)
  const byFlag = removal.likely
  if (byFlag) {
    try {
      await send(session, config, { removeAllowedIPs: true })
      removal.learn(true)
      return
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'EINVAL' || removal.proved) throw error
      // What was applied until then is applied once more below, which changes nothing.
    }
  }
  await writeByMove(session, config)
  if (byFlag) removal.learn(false)
}

async function writeByMove(session: DeviceSession, config: CheckedDeviceConfig): Promise<void> {
  const move = moveToTemporaryPeer(config, await session.read())
  const { temporaryPeer } = move
  if (temporaryPeer === undefined) return send(session, move.config)
  try {
    await send(session, move.config, { ownEntries: 2 })
  } catch (error) {
    // It is there still, if the message that would have removed it failed.
    await removeQuietly(session, temporaryPeer)
    throw error
  }
}

async function removeQuietly(session: DeviceSession, publicKey: PublicKey): Promise<void> {
  try {
    // The one that failed may have timed out.
    using call = session.call.renew()
    await send(session.withCall(call), { peers: [{ publicKey, remove: true }] })
  } catch {
    // The error that led here is the one to report.
  }
}

async function send(
  session: DeviceSession,
  config: CheckedDeviceConfig,
  extra: { removeAllowedIPs?: boolean; ownEntries?: number } = {},
): Promise<void> {
  const { name, kernel, call } = session
  // By index, a device that gets this name half way is left alone; an unknown name is for the
  // kernel to refuse.
  const options = { ...extra, device: kernel.zones.index(name) || name, zones: kernel.zones }
  try {
    await sendConfig(session, config, options)
  } catch (error) {
    const path = config.listenPort === undefined ? 'firewallMark' : 'listenPort'
    if (!isWireGuardError(error) || error.code !== 'EPERM' || config[path] === undefined)
      throw error
    // A message that changes nothing needs the capability over this namespace only.
    await sendConfig(session, {}, options).catch(() => {
      throw error
    })
    throw new WireGuardError('not permitted', {
      ...call.context,
      code: 'EPERM',
      path,
      applied: error.applied,
      hint: 'The interface was created in another network namespace, and listenPort and firewallMark need CAP_NET_ADMIN over that one too',
      cause: error.cause,
    })
  }
}
