import { hideKeys } from 'wireguardcfg/internal'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import type { RouteInit } from 'wireguardnl'
import type { SystemStep } from '../act.js'
import { familyOf } from '../plan/prefixes.js'
import { commandOf, type PlanStep, routeText, stepTitle, type UpStep } from '../plan/step.js'
import type { Made } from '../state/state.js'
import { undoStep } from '../undo.js'

/** A step of `reload`, with all that it needs. */
export type ReloadStep =
  | SystemStep
  | Extract<UpStep, { type: 'add-address' | 'set-link' }>
  /** What differs, as `syncDevice` sends it. */
  | { readonly type: 'sync-device'; readonly config: CheckedDeviceConfig }
  | { readonly type: 'set-mark'; readonly mark: number }
  | { readonly type: 'replace-route'; readonly route: RouteInit }
  | { readonly type: 'delete-route'; readonly route: RouteInit }
  | { readonly type: 'remove-address'; readonly address: string }
  | { readonly type: 'forget-resolved' }
  | { readonly type: 'undo'; readonly made: Made }

/** Returns what a failure of a step says: "could not ...". */
export function reloadStepTitle(step: ReloadStep, name: string): string {
  switch (step.type) {
    case 'sync-device':
    case 'set-mark':
      return 'configure it'
    case 'replace-route':
      return `replace route ${step.route.destination}`
    case 'delete-route':
      return `delete route ${step.route.destination}`
    case 'remove-address':
      return `remove address ${step.address}`
    case 'forget-resolved':
      return 'tell systemd-resolved'
    case 'undo':
      return `undo what is no longer wanted (${undoStep(step.made, name).command})`
    default:
      return stepTitle(step)
  }
}

/** Returns a step as callers see it. */
export function publicReloadStep(step: ReloadStep, name: string): PlanStep {
  const { type, command } = planStep(step, name)
  return Object.freeze({ type, command: hideKeys(command) })
}

function planStep(step: ReloadStep, name: string): PlanStep {
  switch (step.type) {
    case 'sync-device':
      return { type: 'configure-device', command: `wg syncconf ${name} /dev/stdin` }
    case 'set-mark':
      return { type: 'configure-device', command: `wg set ${name} fwmark ${step.mark}` }
    case 'replace-route': {
      const command = `ip -${familyOf(step.route.destination)} route replace ${routeText(step.route)}`
      return { type: 'replace-route', command }
    }
    case 'delete-route': {
      const command = `ip -${familyOf(step.route.destination)} route delete ${routeText(step.route)}`
      return { type: 'delete-route', command }
    }
    case 'remove-address': {
      const command = `ip -${familyOf(step.address)} address delete ${step.address} dev ${name}`
      return { type: 'remove-address', command }
    }
    case 'forget-resolved':
      return { type: 'restore-dns', command: `resolvectl revert ${name}` }
    case 'undo':
      return undoStep(step.made, name)
    default:
      return { type: step.type, command: commandOf(step, name) }
  }
}
