import type { DeviceConfig } from 'wireguardcfg'
import type { Network } from '../../network.js'
import type { CheckedUpOptions } from '../check-options.js'
import type { TunnelSettings } from '../settings.js'
import type { Made, TunnelState } from '../state/state.js'
import { VALID_MARK } from '../sysctl.js'
import type { UpStep } from './step.js'

/** What a plan is made from. */
export interface PlanRequest {
  readonly network: Network
  readonly options: CheckedUpOptions
  readonly settings: TunnelSettings
  /** The configuration of the file, with addresses in the place of names. */
  readonly config: DeviceConfig
  /** The states of the other tunnels of the namespace. */
  readonly others: readonly TunnelState[]
  /** The state of the tunnel of this name, whose routes, rules and tables do not count. */
  readonly former: TunnelState | undefined
  /** The mark, table and rules of that tunnel if it is up, which are kept. */
  readonly marking: Marking | undefined
}

/** A plan that is being made. */
export class Draft {
  readonly request: PlanRequest
  readonly #steps: UpStep[] = []
  readonly #warnings: string[] = []
  readonly #shared: Made[] = []

  constructor(request: PlanRequest) {
    this.request = request
  }

  get steps(): readonly UpStep[] {
    return this.#steps
  }

  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** Everything that does not end with the interface, in the order in which it is made. */
  get made(): readonly Made[] {
    const { name } = this.request.options
    return [...this.#shared, ...this.#steps.flatMap((step) => madeBy(step, name) ?? [])]
  }

  /** Adds a step behind the others. */
  add(step: UpStep): void {
    this.#steps.push(step)
  }

  warn(warning: string): void {
    this.#warnings.push(warning)
  }

  /** Adds what another tunnel has made, and this one needs too. */
  share(made: Made): void {
    this.#shared.push(made)
  }
}

/** The mark of a tunnel with a default route, its table, and the first preference of its rules. */
export interface Marking {
  readonly mark: number
  readonly table: number
  readonly preference: number
}

/**
 * Returns the marking of a tunnel; undefined: it has no default route.
 *
 * @param mark of the device, if a reload that was interrupted may have left two
 */
export function markingOf({ made }: Pick<TunnelState, 'made'>, mark?: number): Marking | undefined {
  const leading = made.flatMap((one) =>
    one.type === 'rule' && one.rule.invert === true ? one.rule : [],
  )
  const rule = leading.find(({ firewallMark }) => firewallMark === mark) ?? leading[0]
  if (rule === undefined) return undefined
  const { firewallMark = 0, table, priority = 0 } = rule
  return { mark: firewallMark, table, preference: priority - 1 }
}

/** Returns what a step makes that does not end with the interface. */
export function madeBy(step: UpStep, name: string): Made | undefined {
  switch (step.type) {
    case 'add-route':
      return step.route.device === name ? undefined : { type: 'route', route: step.route }
    case 'add-rule':
      return { type: 'rule', rule: step.rule }
    case 'set-firewall':
      return { type: 'firewall' }
    case 'set-sysctl':
      return step.key === VALID_MARK
        ? { type: 'valid-mark', before: '0' }
        : { type: 'sysctl', key: step.key, before: step.before }
    case 'set-masquerade':
      return { type: 'masquerade' }
    case 'set-resolvconf':
      return { type: 'resolvconf', key: step.key }
    case 'set-dns':
      return { type: 'dns', path: step.path }
    default:
      return undefined
  }
}
