import { type Device, WireGuardError } from 'wireguardcfg'

/**
 * Some interfaces could not be read. Carries what could be, so that nothing is silently missing and
 * nothing is lost.
 */
export class DevicesError extends WireGuardError {
  /** The interfaces that were read. */
  readonly devices: readonly Device[]
  /** Why the others were not: one error each. The first gives this error its code. */
  readonly errors: readonly WireGuardError[]

  /** @param errors at least one */
  constructor(errors: readonly [WireGuardError, ...WireGuardError[]], devices: readonly Device[]) {
    const [first] = errors
    const more = errors.length === 1 ? '' : `; and ${errors.length - 1} more`
    super(`${first.message}${more}`, {
      code: first.code,
      device: undefined,
      cause: first,
    })
    this.devices = devices
    this.errors = errors
  }
}
