import { StringDecoder } from 'node:string_decoder'

/**
 * A line of a set operation that is not shorter than this is refused (`bufio.MaxScanTokenSize`).
 */
export const LINE_LIMIT = 65_536

/**
 * Cuts bytes that arrive in any pieces into lines, as Go's `bufio.Scanner` does: a carriage return
 * at the end is dropped.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  /**
   * The lines that these bytes complete; `undefined` in place of a line that is too long, as the
   * last one.
   */
  push(bytes: Uint8Array): readonly (string | undefined)[] {
    const [first = '', ...more] = this.#decoder.write(bytes).split('\n')
    const lines: (string | undefined)[] = []
    this.#rest += first
    for (const next of more) {
      if (this.#rest.length >= LINE_LIMIT) break
      lines.push(dropCarriageReturn(this.#rest))
      this.#rest = next
    }
    if (this.#rest.length >= LINE_LIMIT) lines.push(undefined)
    return lines
  }

  /** What follows the last line feed, if anything does: a line too. */
  end(): readonly string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [dropCarriageReturn(rest)]
  }
}

function dropCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
