import { type Device, isWireGuardError, WireGuardError } from 'wireguardcfg'
import {
  type CheckedDeviceConfig,
  moveToTemporaryPeer,
  removesAllowedIPs,
} from 'wireguardcfg/backend'
import type { NetlinkCall } from '../call.js'
import { type ConfigureOptions, sendConfig } from './send.js'
import type { Kernel } from '../kernel.js'

// With what follows, all that a client needs when it writes.
export { checkZones } from './messages.js'

/** What {@link applyConfig} needs of its client. */
export interface WriteOptions {
  readonly kernel: Kernel
  readonly call: NetlinkCall
  readonly turn: ConfigureOptions['turn']
  /** Reads the device. */
  readonly read: () => Promise<Device>
}

/**
 * Applies a configuration to a device. Single allowed IPs are removed by the flag for it where the
 * kernel has that (since Linux 6.16), and else by a temporary peer, after reading which of them are
 * this peer's.
 *
 * @throws WireGuardError
 */
export async function applyConfig(
  name: string,
  config: CheckedDeviceConfig,
  options: WriteOptions,
): Promise<void> {
  const { removal } = options.kernel
  if (!removesAllowedIPs(config)) return send(name, config, options)
  const byFlag = removal.likely
  if (byFlag) {
    try {
      await send(name, config, options, { removeAllowedIPs: true })
      removal.learn(true)
      return
    } catch (error) {
      if (!isWireGuardError(error) || error.code !== 'EINVAL' || removal.proved) throw error
      // What was applied until then is applied once more below, which changes nothing.
    }
  }
  await writeByMove(name, config, options)
  if (byFlag) removal.learn(false)
}

async function writeByMove(
  name: string,
  config: CheckedDeviceConfig,
  options: WriteOptions,
): Promise<void> {
  const move = moveToTemporaryPeer(config, await options.read())
  const { temporaryPeer } = move
  if (temporaryPeer === undefined) return send(name, move.config, options)
  try {
    await send(name, move.config, options, { ownEntries: 2 })
  } catch (error) {
    // It is there still, if the message that would have removed it failed.
    const cleanUp = { peers: [{ publicKey: temporaryPeer, remove: true }] }
    await send(name, cleanUp, options).catch(() => {})
    throw error
  }
}

async function send(
  name: string,
  config: CheckedDeviceConfig,
  { kernel, call, turn }: WriteOptions,
  extra: { removeAllowedIPs?: boolean; ownEntries?: number } = {},
): Promise<void> {
  const { context, exchange } = call
  // By index, a device that gets this name half way is left alone; an unknown name is for the
  // kernel to refuse.
  const device = kernel.zones.index(name) || name
  const { zones, families } = kernel
  const options = { ...extra, device, zones, families, turn, exchange, context }
  try {
    await sendConfig(config, options)
  } catch (error) {
    const path = config.listenPort === undefined ? 'firewallMark' : 'listenPort'
    if (!isWireGuardError(error) || error.code !== 'EPERM' || config[path] === undefined)
      throw error
    // A message that changes nothing needs the capability over this namespace only.
    await sendConfig({}, options).catch(() => {
      throw error
    })
    throw new WireGuardError('not permitted', {
      ...context,
      code: 'EPERM',
      path,
      applied: error.applied,
      hint: 'The interface was created in another network namespace, and listenPort and firewallMark need CAP_NET_ADMIN over that one too',
      cause: error.cause,
    })
  }
}
