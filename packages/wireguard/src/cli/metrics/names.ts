import type { PublicKey } from 'wireguardcfg'
import { versionOf } from '../../save/replace-file.js'
import type { CommandContext } from '../context.js'
import { readNames } from '../peer-names.js'

/** The names of peers in files, which are read again when they have changed. */
export class NamesOfFiles {
  readonly #paths: readonly string[]
  readonly #context: CommandContext
  readonly #onError: (error: unknown) => void
  #versions: readonly string[] = []
  #names: ReadonlyMap<PublicKey, string> = new Map()

  /** @param onError told why files could not be read again; the names of before remain */
  constructor(
    paths: readonly string[],
    context: CommandContext,
    onError: (error: unknown) => void,
  ) {
    this.#paths = paths
    this.#context = context
    this.#onError = onError
  }

  /** Reads the files for the first time. @throws CommandError, ConfError */
  async open(): Promise<void> {
    // Before the files: a change in between is then noticed.
    this.#versions = await this.#versionsNow()
    this.#names = await readNames(this.#paths, this.#context)
  }

  /** Returns the names of now. */
  async current(): Promise<ReadonlyMap<PublicKey, string>> {
    const versions = await this.#versionsNow()
    if (versions.some((version, i) => version !== this.#versions[i])) {
      try {
        await this.open()
      } catch (error) {
        this.#onError(error)
      }
    }
    return this.#names
  }

  /** What changes with each write; of a file that is gone: nothing. */
  #versionsNow(): Promise<string[]> {
    return Promise.all(this.#paths.map((path) => versionOf(path).catch(() => '')))
  }
}
