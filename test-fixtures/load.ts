import { readFileSync } from 'node:fs'
import { hex } from './hex.js'

/** A captured conversation with the kernel: datagrams in both directions. */
export interface Exchange {
  readonly sent: readonly Uint8Array[]
  readonly received: readonly Uint8Array[]
}

/** Reads the text of a fixture, by its path in this folder. */
export function loadText(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** Reads a conversation in annotated hex: `>` begins a datagram to the kernel, `<` one from it. */
export function loadExchange(path: string): Exchange {
  const sent: Uint8Array[] = []
  const received: Uint8Array[] = []
  const text = loadText(path).replaceAll(/#.*/g, '')
  for (const [, direction, bytes] of text.matchAll(/([<>])([^<>]*)/g)) {
    const datagram = hex(bytes!)
    if (direction === '>') sent.push(datagram)
    else received.push(datagram)
  }
  return { sent, received }
}
