import { isWireGuardError, type PublicKey, WireGuardError } from 'wireguardcfg'
import {
  type CheckedDeviceConfig,
  moveToTemporaryPeer,
  removesAllowedIPs,
} from 'wireguardcfg/backend'
import type { DeviceSession } from '../session.js'
import { sendConfig } from './send.js'

/**
 * Applies a configuration to a device. If the kernel has WGALLOWEDIP_F_REMOVE_ME (since Linux
 * 6.16), this flag removes single allowed IPs. Otherwise the device is read, and the allowed IPs
 * that the peer has are moved to a temporary peer.
 *
 * @throws WireGuardError
 *
 * @example
 * ```ts
 * await applyConfig(session, await checkDeviceConfig({ listenPort: 51820 }))
 * ```
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
      // The part that was applied is applied once more below, which changes nothing.
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
    await send(session, move.config, { ownEntries: move.entries })
  } catch (error) {
    // The peer still exists if the kernel failed in the middle of a message.
    await removeQuietly(session, temporaryPeer)
    throw error
  }
}

async function removeQuietly(session: DeviceSession, publicKey: PublicKey): Promise<void> {
  try {
    using call = session.call.forRollback()
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
  // By index, no other device that gets this name during the write is changed. The kernel refuses
  // an unknown name.
  const options = { ...extra, device: kernel.zones.index(name) || name, zones: kernel.zones }
  try {
    await sendConfig(session, config, options)
  } catch (error) {
    const path = config.listenPort === undefined ? 'firewallMark' : 'listenPort'
    if (!isWireGuardError(error) || error.code !== 'EPERM' || config[path] === undefined)
      throw error
    // A message that changes nothing needs the capability in this namespace only.
    await sendConfig(session, {}, options).catch(() => {
      throw error
    })
    throw new WireGuardError('not permitted', {
      ...call.context,
      code: 'EPERM',
      path,
      applied: error.applied,
      hint: 'Run with CAP_NET_ADMIN also in the network namespace in which the interface was created; listenPort and firewallMark need it',
      cause: error.cause,
    })
  }
}
