import { isWireGuardError, WireGuardError } from 'wireguardcfg'

/**
 * The steps of one call that changes several things. Keeps the name of the current step, and the
 * functions that roll back the previous steps.
 */
export class Steps {
  readonly #device: string
  readonly #check: () => void
  readonly #undo: (() => Promise<void>)[] = []
  readonly #applied = new Set<string>()
  #current = ''

  /** @param check throws if the caller aborted; called before and after each step */
  constructor(device: string, check: () => void) {
    this.#device = device
    this.#check = check
  }

  /** Runs one step. If it fails, the error begins with "could not" and `what`. */
  async run<T>(what: string, step: () => Promise<T>): Promise<T> {
    this.#current = what
    this.#check()
    const result = await step()
    this.#check()
    return result
  }

  /** Records the name of an option that has changed an interface which stays. */
  applied(option: string): void {
    this.#applied.add(option)
  }

  /** Registers a function for {@link rollBack} to call. */
  onFailure(undo: () => Promise<void>): void {
    this.#undo.push(undo)
  }

  /**
   * Rolls back in reverse order. Continues after a failure.
   *
   * @returns the error to throw: that of the step, with the name of the step and the errors of the
   * rollback
   */
  async rollBack(error: unknown): Promise<unknown> {
    const failures: unknown[] = []
    for (const undo of this.#undo.splice(0).toReversed()) {
      try {
        await undo()
      } catch (failure) {
        failures.push(failure)
      }
    }
    return isWireGuardError(error) ? this.#explain(error, failures) : error
  }

  #explain(cause: WireGuardError, failures: readonly unknown[]): WireGuardError {
    const { code, summary, peer, path, detail, hint } = cause
    const options = this.#applied.size === 0 ? undefined : [...this.#applied]
    const hints = [
      hint,
      ...failures.map(
        (failure) =>
          `Delete the interface yourself, because the rollback failed (${describe(failure)})`,
      ),
    ]
    const given = hints.filter((part) => part !== undefined)
    return new WireGuardError(`could not ${this.#current}: ${summary}`, {
      code,
      operation: 'create device',
      device: this.#device,
      peer,
      path,
      detail,
      applied: cause.applied ?? options,
      hint: given.length === 0 ? undefined : given.join('. '),
      // As in every call, the cause of an abort is the reason of the caller's signal.
      cause: code === 'ABORT_ERR' ? cause.cause : cause,
    })
  }
}

function describe(error: unknown): string {
  return isWireGuardError(error) ? error.message : String(error)
}
