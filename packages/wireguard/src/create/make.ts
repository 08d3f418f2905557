import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import { type Host, isUserspace } from '../host.js'
import { socketPathOf } from '../userspace/socket.js'
import { startDaemon } from '../userspace/start.js'
import type { CheckedCreateOptions, Made } from './options.js'
import { removeMade } from './remove.js'
import type { Steps } from './steps.js'

/**
 * Makes a new interface, down and without configuration, and sees to it that it goes if a later
 * step fails.
 *
 * @throws WireGuardError `EEXIST`, `EPERM`, `EPROTONOSUPPORT` no kernel module (and no userspace
 * implementation either), `ENOENT` no userspace implementation, and as `startDaemon`
 */
export async function makeInterface(
  home: Host,
  wanted: CheckedCreateOptions,
  steps: Steps,
): Promise<Made> {
  const made = await steps.run('create it', () => make(home, wanted, steps))
  const { idleTimeout } = wanted
  const link = await steps.run('find it', () => home.network.find(wanted.name, { idleTimeout }))
  made.index = link?.index
  return made
}

async function make(home: Host, wanted: CheckedCreateOptions, steps: Steps): Promise<Made> {
  if (wanted.backend === 'kernel') return await makeInKernel(home, wanted, steps)
  if (wanted.backend === 'userspace' || !home.has('kernel')) {
    return await startUserspace(home, wanted, steps)
  }
  try {
    return await makeInKernel(home, wanted, steps)
  } catch (error) {
    const hasNoWireGuard = isWireGuardError(error) && error.code === 'EPROTONOSUPPORT'
    if (!hasNoWireGuard || !home.has('userspace')) throw error
    return await fallBack(home, wanted, steps, error)
  }
}

async function makeInKernel(home: Host, wanted: CheckedCreateOptions, steps: Steps): Promise<Made> {
  const { name, idleTimeout } = wanted
  await home.backend('kernel')
  // It would have the name from then on, and the new interface would be out of reach.
  if (await isUserspace(home, name, wanted)) throw served(name)
  // Without the signal: nobody would know afterwards whether there is an interface, and whose it
  // is.
  await (await home.network.links()).createLink(name, {}, { idleTimeout })
  return remember(
    { backend: 'kernel', fallback: undefined, daemon: undefined },
    home,
    wanted,
    steps,
  )
}

async function fallBack(
  home: Host,
  wanted: CheckedCreateOptions,
  steps: Steps,
  reason: WireGuardError,
): Promise<Made> {
  const said = reason.detail === undefined ? '' : ` (${reason.detail})`
  try {
    return await startUserspace(home, wanted, steps, `the kernel has no WireGuard${said}`)
  } catch (error) {
    if (!isWireGuardError(error) || error.code !== 'ENOENT') throw error
    throw new WireGuardError(
      'neither the kernel has WireGuard nor is there another implementation',
      {
        code: 'EPROTONOSUPPORT',
        detail: reason.detail,
        hint: `${reason.hint}. ${error.hint}`,
        cause: error,
      },
    )
  }
}

async function startUserspace(
  home: Host,
  wanted: CheckedCreateOptions,
  steps: Steps,
  fallback?: string,
): Promise<Made> {
  const { name, signal, idleTimeout } = wanted
  await home.backend('userspace')
  const existing = await home.network.find(name, { signal, idleTimeout })
  if (existing !== undefined) throw taken(existing.kind)
  const daemon = await startDaemon(name, {
    path: socketPathOf(name, home.socketDirectory),
    client: home.sockets,
    within: await home.network.within(),
    signal,
    idleTimeout,
  })
  return remember({ backend: 'userspace', fallback, daemon }, home, wanted, steps)
}

/**
 * The interface, which from now on goes if a step fails: wherever it is by then, and whether or not
 * the caller gave up.
 */
function remember(
  facts: Pick<Made, 'backend' | 'fallback' | 'daemon'>,
  home: Host,
  { name, idleTimeout }: CheckedCreateOptions,
  steps: Steps,
): Made {
  const made: Made = { ...facts, name, created: true, network: home.network, index: undefined }
  steps.onFailure(() => removeMade(home, made, { idleTimeout }))
  return made
}

function served(name: string): WireGuardError {
  return new WireGuardError('there is a userspace interface of this name', {
    code: 'EEXIST',
    detail: `${name}.sock`,
    hint: 'Sockets know no network namespace: it may be in another one. Choose another name',
  })
}

function taken(kind: string | undefined): WireGuardError {
  return new WireGuardError('an interface of this name exists', {
    code: 'EEXIST',
    detail: kind === undefined ? 'a device of no kind' : `a device of kind ${JSON.stringify(kind)}`,
    hint: 'Choose another name, or delete it first',
  })
}
