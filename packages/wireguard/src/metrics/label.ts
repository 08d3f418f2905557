import { escapeUnprintable } from 'wireguardcfg/internal'

/**
 * Returns labels in the text of both formats: `device="wg0",public_key="..."`.
 *
 * @param values one for each name; undefined: without this label
 */
export function labelsText(
  names: readonly string[],
  values: readonly (string | undefined)[],
): string {
  let text = ''
  for (let i = 0; i < names.length; i++) {
    const value = values[i]
    if (value === undefined) continue
    text += `${(text === '' ? '' : ',') + names[i]!}="${escaped(value)}"`
  }
  return text
}

/** Returns labels as an object. */
export function labelsObject(
  names: readonly string[],
  values: readonly (string | undefined)[],
): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [i, name] of names.entries()) {
    const value = values[i]
    if (value !== undefined) labels[name] = value
  }
  return labels
}

const PLAIN = /^[ !#-[\]-~]*$/

/** Names of interfaces and peers can have any characters. None of them reaches a terminal raw. */
function escaped(value: string): string {
  if (PLAIN.test(value)) return value
  return escapeUnprintable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
