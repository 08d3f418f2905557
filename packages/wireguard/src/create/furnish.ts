import type { CallOptions } from 'wireguardcfg'
import { markChecked } from 'wireguardcfg/backend'
import type { Network } from '../network.js'
import { addressChanges } from './address-changes.js'
import type { OwnedInterface } from './interface.js'
import type { CheckedCreateOptions } from './options.js'
import type { Steps } from './steps.js'

/** The limits of the steps of a call. */
export interface StepLimits {
  readonly limits: CallOptions
  /**
   * Those of steps that create, move or delete an interface. They have no signal, because an abort
   * would leave it unknown whether the step took effect.
   */
  readonly unabortable: CallOptions
}

/** Applies the options to an interface, then brings it up. What exists and is not named stays. */
export async function furnish(
  owned: OwnedInterface,
  wanted: CheckedCreateOptions,
  target: Network | undefined,
  steps: Steps,
  { limits, unabortable }: StepLimits,
): Promise<void> {
  const { mtu, config, addresses = [], up } = wanted
  const step = stepOn(owned, steps)
  if (mtu !== undefined) {
    // Before the move, because a daemon reads the MTU in the namespace in which it was started.
    await step('set its MTU', 'mtu', () => owned.setMtu(mtu, limits))
  }
  const latePort = latePortOf(owned, wanted)
  if (config !== undefined) {
    const early =
      latePort === undefined ? config : markChecked({ ...config, listenPort: undefined })
    await step('configure it', 'config', () => owned.configure(early, limits))
  }
  if (target !== undefined && owned.network !== target) {
    await step('move it', 'moveTo', () => owned.moveTo(target, unabortable))
  }
  for (const address of addresses) {
    await step(`add address ${address}`, 'addresses', () => owned.addAddress(address, limits))
  }
  if (up !== true) return
  await step('bring it up', 'up', async () => {
    await owned.bringUp(limits)
    if (latePort !== undefined) await owned.configure({ listenPort: latePort }, limits)
  })
}

/**
 * Makes an existing interface what the options say, and sends only what differs. What an absent
 * option is about stays as it is.
 */
export async function bringInLine(
  owned: OwnedInterface,
  wanted: CheckedCreateOptions,
  target: Network | undefined,
  steps: Steps,
  { limits, unabortable }: StepLimits,
): Promise<void> {
  const { mtu, config, addresses, up } = wanted
  const step = stepOn(owned, steps)
  const link = () => steps.run('read its state', () => owned.link(limits))
  if (mtu !== undefined && (await link()).mtu !== mtu) {
    await step('set its MTU', 'mtu', () => owned.setMtu(mtu, limits))
  }
  if (config !== undefined) {
    await step('configure it', 'config', () => owned.sync(config, limits))
  }
  // A move takes its addresses, and going down those of IPv6. So they come later.
  if (target !== undefined && owned.network !== target) {
    await step('move it', 'moveTo', () => owned.moveTo(target, unabortable))
  }
  const isUp = up === undefined ? undefined : (await link()).up
  if (up === false && isUp === true) {
    await step('bring it down', 'up', () => owned.bringDown(limits))
  }
  if (addresses !== undefined) {
    await bringAddressesInLine(owned, addresses, steps, limits)
  }
  if (up === true && isUp === false) {
    await step('bring it up', 'up', () => owned.bringUp(limits))
  }
}

async function bringAddressesInLine(
  owned: OwnedInterface,
  wanted: readonly string[],
  steps: Steps,
  limits: CallOptions,
): Promise<void> {
  const step = stepOn(owned, steps)
  const remove = (address: string) =>
    step(`remove address ${address}`, 'addresses', () => owned.removeAddress(address, limits))
  // The removal of an address may take others with it: the secondary ones of its network.
  for (let pass = 0; pass < 3; pass++) {
    const current = await steps.run('read its addresses', () => owned.addresses(limits))
    const { reset, added, removed } = addressChanges(current, wanted)
    for (const address of reset) await remove(address)
    for (const address of added) {
      await step(`add address ${address}`, 'addresses', () => owned.addAddress(address, limits))
    }
    for (const address of removed) await remove(address)
    if (removed.length === 0) return
  }
}

/** Runs steps on an interface. A failure tells which options have changed one that existed. */
function stepOn({ created }: OwnedInterface, steps: Steps) {
  return async (
    what: string,
    option: keyof CheckedCreateOptions,
    run: () => Promise<boolean | void>,
  ): Promise<void> => {
    const changed = await steps.run(what, run)
    // A new interface is removed by the rollback.
    if (!created && changed !== false) steps.applied(option)
  }
}

/**
 * Returns the listen port to set after a new userspace device is up. A daemon binds its port when
 * it notices that its interface is up, and then reports a taken port only in its log. If the port
 * is set later, the reply carries the error.
 */
function latePortOf(
  { backend, created }: OwnedInterface,
  { config, up }: CheckedCreateOptions,
): number | undefined {
  const port = backend === 'userspace' && created && up === true ? config?.listenPort : undefined
  return port === 0 ? undefined : port
}
