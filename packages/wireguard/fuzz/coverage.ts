import { Session } from 'node:inspector'

/** Counts which blocks of the library's code have run. */
export class Coverage {
  readonly #session = new Session()
  readonly #files: ReadonlySet<string>
  readonly #seen = new Set<string>()

  /** @param files the URLs of the files that count */
  constructor(files: ReadonlySet<string>) {
    this.#files = files
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** How many blocks have run so far. */
  get blocks(): number {
    return this.#seen.size
  }

  /** Returns the blocks that ran since the last call, and not before. */
  take(): ReadonlySet<string> {
    const found = new Set<string>()
    // The callback of this method is called before it returns.
    this.#session.post('Profiler.takePreciseCoverage', (_, { result }) => {
      for (const { url, scriptId, functions } of result) {
        if (!this.#files.has(url)) continue
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            const block = `${scriptId}:${startOffset}:${endOffset}`
            if (count > 0 && !this.#seen.has(block)) found.add(block)
          }
        }
      }
    })
    return found
  }

  /** From now on these blocks are not new. */
  remember(blocks: Iterable<string>): void {
    for (const block of blocks) this.#seen.add(block)
  }

  close(): void {
    this.#session.disconnect()
  }
}
