import { escapeUnprintable } from 'wireguardcfg/internal'

/** Returns labels in the text of both formats: `device="wg0",public_key="..."`. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in labels) {
    text += `${text === '' ? '' : ','}${name}="${escaped(labels[name]!)}"`
  }
  return text
}

const PLAIN = /^[ !#-[\]-~]*$/

/** Names of interfaces and peers can have any characters. None of them reaches a terminal raw. */
function escaped(value: string): string {
  if (PLAIN.test(value)) return value
  return escapeUnprintable(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
