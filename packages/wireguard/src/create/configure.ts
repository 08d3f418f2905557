import { setTimeout as sleep } from 'node:timers/promises'
import { type CallOptions, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { callDeadline, markChecked } from 'wireguardcfg/backend'
import type { Host } from '../host.js'
import type { CheckedCreateOptions, Made } from './options.js'

/** Gives an interface its keys, its port and its peers. */
export async function configure(
  home: Host,
  made: Made,
  wanted: CheckedCreateOptions,
  limits: CallOptions,
): Promise<void> {
  const { name, network, backend } = made
  const { config = {} } = wanted
  if (backend === 'userspace') {
    const later = portAfterUp(made, wanted) !== undefined
    const now = later ? markChecked({ ...config, listenPort: undefined }) : config
    await home.sockets.configureDevice(name, now, limits)
  } else if (network === home.network) {
    await (await home.backend('kernel')).configureDevice(name, config, limits)
  } else {
    const { NetlinkClient } = await import('wireguardnl')
    await using client = new NetlinkClient(await network.kernel())
    await client.configureDevice(name, config, limits)
  }
}

/**
 * The port that a new userspace device gets when it is up. A daemon takes its port when it notices
 * that its interface is up; if the port is taken, only its log says so. A port that is set
 * afterwards is answered with the error.
 */
export function portAfterUp(
  { backend, created }: Made,
  { config, up }: CheckedCreateOptions,
): number | undefined {
  const port = backend === 'userspace' && created && up ? config?.listenPort : undefined
  return port === 0 ? undefined : port
}

/**
 * Brings the interface up; a new userspace device is up when its daemon has noticed.
 *
 * @throws WireGuardError `EADDRINUSE` the listen port is taken
 */
export async function bringUp(
  home: Host,
  { name, network, backend, created }: Made,
  port: number | undefined,
  limits: CallOptions,
): Promise<void> {
  await (await network.links()).setLink(name, { up: true }, limits)
  if (backend === 'kernel' || !created) return
  await untilListening(home, name, limits)
  if (port !== undefined) {
    await home.sockets.configureDevice(name, { listenPort: port }, limits)
  }
}

async function untilListening(home: Host, name: string, limits: CallOptions): Promise<void> {
  using call = callDeadline({ operation: 'create device', device: name }, limits)
  try {
    for (let wait = 1; ; wait = Math.min(2 * wait, 50)) {
      const { listenPort } = await call.race(home.sockets.device(name, limits))
      if (listenPort !== 0) return
      await call.race(sleep(wait))
    }
  } catch (error) {
    if (!isWireGuardError(error) || error.code !== 'ETIMEDOUT') throw error
    throw new WireGuardError('the userspace implementation does not listen', {
      code: 'ETIMEDOUT',
      hint: 'Its log says why: start it with LOG_LEVEL=verbose in the environment',
      cause: error,
    })
  }
}
