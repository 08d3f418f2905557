import { hideKeys } from 'wireguardcfg/internal'
import { commandOf, type PlanStep, type UpStep } from './step.js'
import type { Made } from '../state/state.js'
import type { Family } from './prefixes.js'

/** What `up` would do. `String(plan)` is a text for people. */
export interface TunnelPlan {
  /** The name of the interface. */
  readonly name: string
  /** In order. */
  readonly steps: readonly PlanStep[]
  /** What the caller may want to know, as sentences. */
  readonly warnings: readonly string[]
  /** In bytes. */
  readonly mtu: number
  /** The address families whose internet traffic goes through the tunnel. */
  readonly families: readonly (4 | 6)[]
  /** The table with the default route of the tunnel; undefined: it has none. */
  readonly table: number | undefined
  /** The firewall mark of the encrypted packets; 0: none. */
  readonly firewallMark: number
  /** The warnings and the commands, a line each. */
  toString(): string
}

/** A plan with all that is needed to carry it out. */
export interface PlannedTunnel {
  readonly name: string
  readonly steps: readonly UpStep[]
  readonly warnings: readonly string[]
  readonly mtu: number
  readonly full: readonly Family[]
  readonly table: number | undefined
  readonly firewallMark: number
  readonly hasOwnMark: boolean
  readonly made: readonly Made[]
}

/** Returns a step as callers see it. */
export function publicStep(step: UpStep, name: string): PlanStep {
  return Object.freeze({ type: step.type, command: hideKeys(commandOf(step, name)) })
}

/**
 * Returns a plan as callers see it.
 *
 * @param first what has to be done before
 */
export function publicPlan(planned: PlannedTunnel, first: readonly PlanStep[]): TunnelPlan {
  const { name, warnings, mtu, full, table, firewallMark } = planned
  const steps = planned.steps.map((step) => publicStep(step, name))
  const plan = {
    name,
    steps: [...first, ...steps],
    warnings,
    mtu,
    families: full,
    table,
    firewallMark,
  }
  return Object.freeze({
    ...plan,
    toString: () =>
      [
        ...warnings.map((warning) => `# ${hideKeys(warning)}`),
        ...first.map(({ command }) => command),
        ...planned.steps.flatMap((step, i) => [
          steps[i]!.command,
          ...detailsOf(step).map((line) => `    ${line}`),
        ]),
      ].join('\n') + '\n',
  })
}

/** The lines of a file that a step writes. */
function detailsOf(step: UpStep): string[] {
  return 'text' in step ? step.text.trimEnd().split('\n') : []
}
