import { isHook, type QuickKey, quickKey } from './keys.js'
import { foldCase, trim } from './text.js'

/** A line that wg-quick(8) does not pass to wg(8). */
export interface QuickEntry {
  readonly key: QuickKey
  readonly value: string
  /** False when the line has no `=`. wg-quick(8) then also uses all of it as the value. */
  readonly hasValue: boolean
}

/**
 * Reads a file line by line as wg-quick(8) does. It differs from wg(8) in two points: only the ends
 * of keys are trimmed, and any line that begins with a bracket ends `[Interface]`.
 */
export class QuickReader {
  #inInterface = false

  /** Returns the line's key and value; `undefined` when wg-quick(8) passes the line to wg(8). */
  read(line: string): QuickEntry | undefined {
    // Below `[Peer]`, only a header can matter.
    if (!this.#inInterface && !line.includes('[')) return undefined
    const hash = line.indexOf('#')
    const code = hash < 0 ? line : line.slice(0, hash)
    const equals = code.indexOf('=')
    const name = trim(equals < 0 ? code : code.slice(0, equals))
    if (name.startsWith('[')) this.#inInterface = foldCase(name) === '[interface]'
    const key = this.#inInterface ? quickKey(name) : undefined
    if (key === undefined) return undefined
    // Since 1.0.20260223 commands keep the text after a #.
    const value = trim((isHook(key) ? line : code).slice(equals + 1))
    return { key, value, hasValue: equals >= 0 }
  }
}
