import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, type Device, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import type { LinkState } from 'wireguardnl'
import type { Host } from '../host.js'
import type { Network } from '../network.js'
import { CHANGES_WITHIN } from '../userspace/stop.js'
import { notWireGuard } from './errors.js'

/**
 * Returns the interface of this name when a daemon serves it, or the kernel; undefined if there is
 * none. Waits for a daemon that is starting or ending.
 *
 * @throws WireGuardError `EOPNOTSUPP` it is not WireGuard, `ENODEV` it is a `tun` interface that no
 * daemon serves
 */
export async function findUserspace(
  host: Host,
  network: Network,
  name: string,
  limits: CallOptions,
): Promise<LinkState | undefined> {
  using call = callDeadline({ operation: 'create device', device: name }, limits)
  const latest = performance.now() + CHANGES_WITHIN
  for (let wait = 5; ; wait = Math.min(2 * wait, 50)) {
    const link = await call.race(network.find(name, limits))
    if (link === undefined || link.kind === 'wireguard') return link
    if (await call.race(isServed(host, name, limits))) return link
    const mayChange = link.kind === 'tun' && host.has('userspace')
    if (!mayChange || performance.now() > latest) throw notWireGuard(link.kind)
    await call.race(sleep(wait))
    call.touch()
  }
}

/** Returns whether a daemon replies on the socket of the interface. */
async function isServed(host: Host, name: string, limits: CallOptions): Promise<boolean> {
  if (!host.has('userspace')) return false
  try {
    await host.sockets.device(name, limits)
    return true
  } catch (error) {
    if (isWireGuardError(error) && error.code === 'ENODEV') return false
    throw error
  }
}

/**
 * Returns an `EEXIST` that says how to go on with what a killed process has left: a device without
 * a configuration. Returns any other error as it is.
 */
export async function explainExisting(error: unknown, host: Host, name: string): Promise<unknown> {
  if (!isWireGuardError(error) || error.code !== 'EEXIST') return error
  const device = await readDevice(host, name)
  if (device === undefined || device.privateKey !== undefined || device.peers.length > 0) {
    return error
  }
  const { code, summary, detail, cause } = error
  return new WireGuardError(summary, {
    code,
    detail: [detail, 'it has neither a key nor peers']
      .filter((part) => part !== undefined)
      .join('; '),
    hint: "A call that was interrupted may have left it: use it with ifExists: 'use', or delete it first",
    cause,
  })
}

async function readDevice(host: Host, name: string): Promise<Device | undefined> {
  for (const kind of ['userspace', 'kernel'] as const) {
    if (!host.has(kind)) continue
    try {
      return await (await host.backend(kind)).device(name, { idleTimeout: 1000 })
    } catch {
      // It is only a help. The caller has an error to report.
    }
  }
  return undefined
}
