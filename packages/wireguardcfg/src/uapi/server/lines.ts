import { StringDecoder } from 'node:string_decoder'

/**
 * The length from which a line of a set operation is refused (`bufio.MaxScanTokenSize`).
 */
export const LINE_LIMIT = 65_536

/**
 * Splits bytes that arrive in any pieces into lines, as Go's `bufio.Scanner` does. A carriage
 * return at the end of a line is dropped.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  /**
   * Returns the lines that these bytes complete. A line that is too long is `undefined` and the
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

  /** Returns the text after the last line feed as a line, if there is any. */
  end(): readonly string[] {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest === '' ? [] : [dropCarriageReturn(rest)]
  }
}

function dropCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
