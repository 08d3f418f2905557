import type { CommandStreams } from './context.js'

/** Formats text in the colours of wg(8), or without colours. */
export interface Terminal {
  /** The start of the output of an interface: resets the colours. */
  readonly start: string
  readonly label: (text: string) => string
  readonly interfaceLabel: (text: string) => string
  readonly interfaceName: (text: string) => string
  readonly peerLabel: (text: string) => string
  readonly peerName: (text: string) => string
  readonly unit: (text: string) => string
  readonly alarm: (text: string) => string
}

/**
 * Returns the colours if standard output is a terminal. WG_COLOR_MODE overrides this: `always` or
 * `never`. The colours are ECMA-48 codes, each ended by a full reset, byte for byte those of wg(8);
 * `styleText` of node:util ends each colour with its own code.
 */
export function terminal({ env, stdout }: Pick<CommandStreams, 'env' | 'stdout'>): Terminal {
  const mode = env['WG_COLOR_MODE']
  const isColoured = mode === 'always' || (mode !== 'never' && stdout.isTTY === true)
  const style = (codes: string) => (text: string) => (isColoured ? `${codes}${text}${RESET}` : text)
  return {
    start: isColoured ? RESET : '',
    label: style(BOLD),
    interfaceLabel: style(GREEN + BOLD),
    interfaceName: style(GREEN),
    peerLabel: style(YELLOW + BOLD),
    peerName: style(YELLOW),
    unit: style(CYAN),
    alarm: style(RED),
  }
}

// Of ECMA-48: select graphic rendition.
export const RESET = '\u001B[0m'
export const BOLD = '\u001B[1m'
export const RED = '\u001B[31m'
export const GREEN = '\u001B[32m'
const YELLOW = '\u001B[33m'
const CYAN = '\u001B[36m'
