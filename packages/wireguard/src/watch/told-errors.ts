import { isWireGuardError, type WireGuardError } from 'wireguardcfg'

/** What failed and was told. It is told again only for another reason. */
export class ToldErrors {
  readonly #codes = new Map<string, string>()

  /**
   * Returns the error if it is to be told.
   *
   * @param about what failed
   * @throws what is not an error of WireGuard
   */
  take(about: string, error: unknown): WireGuardError | undefined {
    if (!isWireGuardError(error)) throw error
    if (this.#codes.get(about) === error.code) return undefined
    this.#codes.set(about, error.code)
    return error
  }

  /** Notes that it succeeded, or is gone. */
  forget(about: string): void {
    this.#codes.delete(about)
  }
}
