import type { AnyKey, ConfSection } from './section.js'

/** The lists of a key. */
export interface ListFormat {
  /** Returns the elements of a value, as they are written. */
  readonly elements: (list: string) => string[]
  /** Returns the canonical text of an element. */
  readonly canonical: (element: string) => string
  /** Whether an element stays although it is not wanted; absent: none does. */
  readonly stays?: (canonical: string) => boolean
}

/**
 * Removes from the lists of a key what is not wanted. Lines that need no change stay as they are.
 *
 * @param wanted canonical texts
 * @returns what is wanted and in none of the lists
 */
export function editList(
  sections: readonly ConfSection[],
  key: AnyKey,
  { elements, canonical, stays }: ListFormat,
  wanted: ReadonlySet<string>,
): string[] {
  const missing = new Set(wanted)
  for (const section of sections) {
    section.rewriteEntries(key, (value) => {
      const all = elements(value)
      const kept = all.filter((element) => {
        const text = canonical(element)
        return missing.delete(text) || stays?.(text) === true
      })
      if (kept.length === all.length) return value
      return kept.length === 0 ? undefined : kept.join(', ')
    })
  }
  return [...missing]
}
