import { type CallOptions, isWireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import type { Network } from '../network.js'
import { DnsStack } from './dns/dns-stack.js'
import { removeArguments, runResolvconf } from './dns/resolvconf.js'
import { familyOf } from './plan/prefixes.js'
import { MAIN, type PlanStep, routeText, ruleText } from './plan/step.js'
import type { FileLock } from './state/file-lock.js'
import type { StateFolder } from './state/state-folder.js'
import type { Made, TunnelState } from './state/state.js'
import { Sysctl, VALID_MARK } from './sysctl.js'

/** What is needed to undo what a tunnel made. */
export interface UndoContext {
  readonly network: Network
  readonly folder: StateFolder
  readonly name: string
  /** Whether the tables of the name may be deleted: not when another tunnel has the name now. */
  readonly ownsName: boolean
  readonly limits: CallOptions
}

/**
 * Undoes one thing. What is gone already is no failure.
 *
 * @returns a warning, if there is one
 */
export async function undo(made: Made, context: UndoContext): Promise<string | undefined> {
  const { network, folder, name, ownsName, limits } = context
  switch (made.type) {
    case 'route':
      await ignoring(GONE, async () => (await network.routes()).deleteRoute(made.route, limits))
      return undefined
    case 'rule':
      await ignoring(GONE, async () => (await network.routes()).deleteRule(made.rule, limits))
      return undefined
    case 'firewall':
      if (ownsName) {
        await ignoring(['EPROTONOSUPPORT'], async () =>
          (await network.firewall()).deleteTunnel(name, limits),
        )
      }
      return undefined
    case 'masquerade':
      if (ownsName) {
        await ignoring(['EPROTONOSUPPORT'], async () =>
          (await network.firewall()).deleteMasquerade(name, limits),
        )
      }
      return undefined
    case 'valid-mark':
      await restore(VALID_MARK, made, context)
      return undefined
    case 'sysctl':
      await restore(made.key, made, context)
      return undefined
    case 'resolvconf':
      await ignoring(['ENOENT'], () => runResolvconf(name, removeArguments(made.key), ''))
      return undefined
    case 'dns':
  }
  return await new DnsStack(made.path).pop(`${folder.namespace}/${name}`)
}

const GONE = ['ENOENT', 'ESRCH', 'ENODEV']

/** Runs a step, and ignores errors with these codes. */
export async function ignoring(codes: readonly string[], step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!isWireGuardError(error) || !codes.includes(error.code)) throw error
  }
}

/** Takes the lock of what other tunnels share; undefined: nobody shares it. */
export async function lockOf(
  { type }: Made,
  folder: StateFolder,
  wait: Deadline,
): Promise<FileLock | undefined> {
  if (type === 'dns') return await folder.lockResolvConf(wait)
  if (type === 'valid-mark' || type === 'sysctl') return await folder.lockNamespace(wait)
  return undefined
}

/** The last tunnel that needs a setting restores it. One that is gone needs nothing. */
async function restore(
  key: string,
  made: Made & { readonly before: string },
  { network, folder, name }: UndoContext,
): Promise<void> {
  const isNeeded = folder
    .others(name)
    .some((other) => other.made.some((one) => isSameSetting(one, made)))
  const sysctl = new Sysctl(await network.within())
  const now = sysctl.read(key)
  if (!isNeeded && now !== undefined && now !== made.before) sysctl.write(key, made.before)
}

function isSameSetting(one: Made, other: Made): boolean {
  if (one.type !== other.type) return false
  return one.type !== 'sysctl' || (other.type === 'sysctl' && one.key === other.key)
}

/** Returns what undoes something, in the words of ip(8), nft(8) and sysctl(8). */
export function undoStep(made: Made, name: string): PlanStep {
  switch (made.type) {
    case 'route': {
      const family = familyOf(made.route.destination)
      const command = `ip -${family} route delete ${routeText(made.route)}`
      return { type: 'delete-route', command }
    }
    case 'rule': {
      const command = `ip -${made.rule.family} rule delete ${ruleText(made.rule)}`
      return { type: 'delete-rule', command }
    }
    case 'firewall':
      return {
        type: 'delete-firewall',
        command: `nft destroy table ip wg-quick-${name}; nft destroy table ip6 wg-quick-${name}`,
      }
    case 'masquerade':
      return {
        type: 'delete-masquerade',
        command: `nft destroy table ip wireguard-${name}; nft destroy table ip6 wireguard-${name}`,
      }
    case 'sysctl':
      return { type: 'set-sysctl', command: `sysctl -w ${made.key}=${made.before}` }
    case 'valid-mark':
      return { type: 'set-sysctl', command: `sysctl -w ${VALID_MARK}=${made.before}` }
    case 'resolvconf': {
      const command = `resolvconf ${removeArguments(made.key).join(' ')}`
      return { type: 'restore-resolvconf', command }
    }
    case 'dns':
  }
  return { type: 'restore-dns', command: `restore ${made.path}` }
}

/**
 * Returns what was made in the order in which it is undone, around the deletion of the interface:
 * name servers first, then the rules, those that lead into the tunnel before those that keep local
 * packets out of it.
 */
export function undoOrder({ made }: Pick<TunnelState, 'made'>): {
  readonly before: readonly Made[]
  readonly after: readonly Made[]
} {
  const newestFirst = made.toReversed()
  return {
    before: newestFirst.filter((one) => isUndoneFirst(one)),
    after: newestFirst.filter((one) => !isUndoneFirst(one)),
  }
}

function isUndoneFirst({ type }: Made): boolean {
  return type === 'dns' || type === 'resolvconf' || type === 'rule'
}

/** What a removal consists of. */
export interface RemovalActions {
  readonly onStep: (step: PlanStep) => void
  readonly undo: (made: Made) => Promise<void>
  /** Undefined: there is no interface of ours. */
  readonly deleteLink: (() => Promise<void>) | undefined
}

/** What a removal could not remove, and why. */
export interface Remains {
  readonly made: readonly Made[]
  readonly hasLink: boolean
  readonly failures: readonly unknown[]
}

/** Undoes what was made, and deletes the interface. Goes on after a failure. */
export async function undoAll(
  { made, name }: Pick<TunnelState, 'made' | 'name'>,
  { onStep, undo: undoOne, deleteLink }: RemovalActions,
): Promise<Remains> {
  const left = new Set<Made>()
  const failures: unknown[] = []
  const attempt = async (step: PlanStep, action: () => Promise<void>): Promise<boolean> => {
    tellSafely(onStep)(step)
    try {
      await action()
      return true
    } catch (failure) {
      failures.push(failure)
      return false
    }
  }
  const undoEach = async (list: readonly Made[]) => {
    for (const one of list) {
      if (!(await attempt(undoStep(one, name), () => undoOne(one)))) left.add(one)
    }
  }
  const { before, after } = undoOrder({ made })
  await undoEach(before)
  const command = `ip link delete ${name}`
  const hasLink =
    deleteLink !== undefined && !(await attempt({ type: 'delete-interface', command }, deleteLink))
  await undoEach(after)
  return { made: made.filter((one) => left.has(one)), hasLink, failures }
}

/** Whether a thing keeps traffic from leaving unencrypted: a rule, or the route of last resort. */
export function refusesTraffic(made: Made): boolean {
  const isLastResort = made.type === 'route' && made.route.type === 'unreachable'
  return made.type === 'rule' || (isLastResort && made.route.table !== MAIN)
}

/** Returns a function that tells the caller of a step, whose own errors stop no removal. */
export function tellSafely(onStep: (step: PlanStep) => void): (step: PlanStep) => void {
  return (step) => {
    try {
      onStep(step)
    } catch {
      // It is a bug of the caller, who hears of it while nothing is to be undone.
    }
  }
}
