import { isHook, type QuickKey, quickKey } from './keys.js'
import { foldCase, trim } from './text.js'

/** A line that wg-quick(8) keeps for itself. */
export interface QuickEntry {
  readonly key: QuickKey
  readonly value: string
  /** False: the line has no `=`; wg-quick(8) then takes all of it for the value as well. */
  readonly hasValue: boolean
}

/**
 * Reads a file line by line as wg-quick(8) does, which is not quite as wg(8) does: only the ends of
 * keys are trimmed, and any line that begins with a bracket ends `[Interface]`.
 */
export class QuickReader {
  #inInterface = false

  /** The line's key and value if wg-quick(8) keeps it; `undefined`: it goes to wg(8). */
  read(line: string): QuickEntry | undefined {
    const hash = line.indexOf('#')
    const code = hash < 0 ? line : line.slice(0, hash)
    const equals = code.indexOf('=')
    const name = trim(equals < 0 ? code : code.slice(0, equals))
    if (name.startsWith('[')) this.#inInterface = foldCase(name) === '[interface]'
    const key = this.#inInterface ? quickKey(name) : undefined
    if (key === undefined) return undefined
    // Commands keep what is behind a # since 1.0.20260223.
    const value = trim((isHook(key) ? line : code).slice(equals + 1))
    return { key, value, hasValue: equals >= 0 }
  }
}
