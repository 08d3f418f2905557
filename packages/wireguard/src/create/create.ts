import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import { abortError } from 'wireguardcfg/backend'
import type { Host } from '../host.js'
import { Network } from '../network.js'
import { bringUp, configure, portAfterUp } from './configure.js'
import { findExisting } from './existing.js'
import { makeInterface } from './make.js'
import {
  checkCreateOptions,
  type CheckedCreateOptions,
  type CreateOptions,
  type Made,
} from './options.js'
import { type OwnedDevice, ownedDevice } from './owned-device.js'
import { removeMade } from './remove.js'
import { Steps } from './steps.js'

/**
 * Makes an interface, or finds it, and gives it everything that was asked for: down, configured,
 * moved, addressed, then up. When a step fails, what this call made is gone when it rejects.
 */
export async function createDevice(
  home: Host,
  name: string,
  options: CreateOptions,
): Promise<OwnedDevice> {
  const wanted = await checkCreateOptions(name, options)
  const steps = new Steps(name, () => checkSignal(name, wanted))
  let target: Network | undefined
  try {
    target = await steps.run('open the namespace to move it to', () =>
      wanted.moveTo === undefined
        ? Promise.resolve(undefined)
        : Network.open(wanted.moveTo, home.loadNetlink),
    )
    const made = await findOrMake(home, wanted, target, steps)
    await furnish(home, made, wanted, target, steps)
    return ownedDevice({
      name,
      backend: made.backend,
      fallback: made.fallback,
      netns: made.network.reference,
      created: made.created,
      delete: (limits = {}) => removeMade(home, made, limits),
    })
  } catch (error) {
    throw await steps.rollBack(error)
  } finally {
    await target?.close()
  }
}

async function findOrMake(
  home: Host,
  wanted: CheckedCreateOptions,
  target: Network | undefined,
  steps: Steps,
): Promise<Made> {
  const find = (): Promise<Made | undefined> => findExisting(home, wanted, target)
  const found = await steps.run('look for it', find)
  if (found !== undefined) return found
  try {
    return await makeInterface(home, wanted, steps)
  } catch (error) {
    // Somebody else may have made it meanwhile, for the same purpose.
    const sinceThen = isWireGuardError(error) && error.code === 'EEXIST' ? await find() : undefined
    if (sinceThen === undefined) throw error
    return sinceThen
  }
}

async function furnish(
  home: Host,
  made: Made,
  wanted: CheckedCreateOptions,
  target: Network | undefined,
  steps: Steps,
): Promise<void> {
  const { name, mtu, config, addresses, up } = wanted
  const limits = limitsOf(wanted)
  if (mtu !== undefined) {
    // Before it moves, because a daemon looks for this where it was started.
    await steps.run('set its mtu', async () =>
      (await made.network.links()).setLink(name, { mtu }, limits),
    )
  }
  if (config !== undefined) {
    await steps.run('configure it', () => configure(home, made, wanted, limits))
  }
  if (target !== undefined && made.network !== target) {
    await steps.run('move it', () => move(made, target, wanted))
  }
  const links = await made.network.links()
  for (const address of addresses) {
    await steps.run(`add address ${address}`, async () => {
      try {
        await links.addAddress(name, address, limits)
      } catch (error) {
        const has = isWireGuardError(error) && error.code === 'EEXIST' && !made.created
        if (!has) throw error
      }
    })
  }
  if (!up) return
  await steps.run('bring it up', () => bringUp(home, made, portAfterUp(made, wanted), limits))
}

/** Without the signal: an aborted move may or may not have taken place. */
async function move(made: Made, target: Network, wanted: CheckedCreateOptions): Promise<void> {
  const { name, idleTimeout } = wanted
  const home = made.network
  try {
    await home.move(name, target, { idleTimeout })
  } catch (error) {
    // It took too long, and took place: what is to be taken back is there.
    const [here, there] = await Promise.allSettled([home.find(name), target.find(name)])
    const hasLeft = here.status === 'fulfilled' && here.value === undefined
    const index = there.status === 'fulfilled' ? there.value?.index : undefined
    if (hasLeft && index === made.index) made.network = target
    throw error
  }
  made.network = target
  // The number may be taken in the other namespace: then the kernel gives it a new one.
  made.index = (await target.find(name, { idleTimeout }))?.index
}

function limitsOf({ signal, idleTimeout }: CheckedCreateOptions): CallOptions {
  return { signal, idleTimeout }
}

function checkSignal(device: string, { signal }: CheckedCreateOptions): void {
  if (signal?.aborted === true) {
    throw abortError({ operation: 'create device', device }, signal.reason)
  }
}
