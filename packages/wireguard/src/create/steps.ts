import { isWireGuardError, WireGuardError } from 'wireguardcfg'

/**
 * The steps of one call that changes several things. Keeps the name of the current step, and how to
 * roll back the steps before it.
 */
export class Steps {
  readonly #device: string
  readonly #check: () => void
  readonly #undo: (() => Promise<void>)[] = []
  #current = ''

  /** @param check throws when the caller aborted; called before and after each step */
  constructor(device: string, check: () => void) {
    this.#device = device
    this.#check = check
  }

  /** Runs one step. An error says that the call could not do `what`. */
  async run<T>(what: string, step: () => Promise<T>): Promise<T> {
    this.#current = what
    this.#check()
    const result = await step()
    this.#check()
    return result
  }

  /** Registers what to do in {@link rollBack}. */
  onFailure(undo: () => Promise<void>): void {
    this.#undo.push(undo)
  }

  /**
   * Rolls back in reverse order. It continues after a failure.
   *
   * @returns the error to throw: that of the step, with the name of the step and what is left
   */
  async rollBack(error: unknown): Promise<unknown> {
    const left: unknown[] = []
    for (const undo of this.#undo.splice(0).toReversed()) {
      try {
        await undo()
      } catch (failure) {
        left.push(failure)
      }
    }
    return isWireGuardError(error) ? this.#explain(error, left) : error
  }

  #explain(cause: WireGuardError, left: readonly unknown[]): WireGuardError {
    const { code, summary, peer, path, detail, hint, applied } = cause
    const hints = [
      hint,
      ...left.map((failure) => `It could not be removed again: ${describe(failure)}`),
    ]
    const given = hints.filter((part) => part !== undefined)
    return new WireGuardError(`could not ${this.#current}: ${summary}`, {
      code,
      operation: 'create device',
      device: this.#device,
      peer,
      path,
      detail,
      applied,
      hint: given.length === 0 ? undefined : given.join('. '),
      // As in every call, the cause of an abort is the reason that the caller gave.
      cause: code === 'ABORT_ERR' ? cause.cause : cause,
    })
  }
}

function describe(error: unknown): string {
  return isWireGuardError(error) ? error.message : String(error)
}
