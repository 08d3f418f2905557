import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import type { LinkState } from 'wireguardnl'
import { daemons, socketPathOf } from '../userspace/socket.js'
import type { Host } from '../host.js'
import type { Network } from '../network.js'
import type { CheckedCreateOptions, Made } from './options.js'

/**
 * The interface of this name, for `ifExists: 'use'`: where it is to be moved to, else where it
 * would be made. `undefined`: there is none, or it is not to be used; then making it fails.
 *
 * @throws WireGuardError `EOPNOTSUPP` it is not WireGuard, `EEXIST` its backend is not the one that
 * was asked for
 */
export async function findExisting(
  home: Host,
  wanted: CheckedCreateOptions,
  target: Network | undefined,
): Promise<Made | undefined> {
  if (wanted.ifExists === 'error') return undefined
  const { name, signal, idleTimeout } = wanted
  const networks = target === undefined ? [home.network] : [target, home.network]
  for (const network of networks) {
    const link = await network.find(name, { signal, idleTimeout })
    if (link !== undefined) return await known(home, wanted, network, link)
  }
  return undefined
}

async function known(
  home: Host,
  wanted: CheckedCreateOptions,
  network: Network,
  link: LinkState,
): Promise<Made> {
  const { name, index } = link
  const backend =
    link.kind === 'wireguard' ? 'kernel' : await userspaceOr(notWireGuard(link), home, wanted)
  if (wanted.backend !== 'auto' && wanted.backend !== backend) {
    throw new WireGuardError(`the existing interface is one of the other backend, ${backend}`, {
      code: 'EEXIST',
      hint: "Delete it first, or ask for backend: 'auto'",
    })
  }
  const daemon = daemons.get(socketPathOf(name, home.socketDirectory))
  return { name, backend, fallback: undefined, created: false, daemon, network, index }
}

/** A link of another kind is WireGuard if there is a socket of its name that answers. */
async function userspaceOr(
  error: WireGuardError,
  home: Host,
  { name, signal, idleTimeout }: CheckedCreateOptions,
): Promise<'userspace'> {
  if (!home.has('userspace')) throw error
  try {
    await home.sockets.device(name, { signal, idleTimeout })
    return 'userspace'
  } catch (cause) {
    throw isWireGuardError(cause) && cause.code === 'ENODEV' ? error : cause
  }
}

function notWireGuard({ kind }: LinkState): WireGuardError {
  return new WireGuardError('the existing interface is not WireGuard', {
    code: 'EOPNOTSUPP',
    detail: kind === undefined ? 'a device of no kind' : `a device of kind ${JSON.stringify(kind)}`,
    hint: 'Choose another name, or delete it first',
  })
}
