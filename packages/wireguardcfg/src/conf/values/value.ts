import { HIDDEN, mayHoldKey } from '../../model/quote.js'

/** What a value means, or what is wrong with it. */
export type Parsed<T> =
  | { readonly value: T; readonly warnings?: readonly ValueFault[] }
  /** With the warnings about what comes before the fault in a list. */
  | { readonly fault: ValueFault; readonly warnings?: readonly ValueFault[] }

/** What is wrong with a value. Nothing in it is a secret. */
export interface ValueFault {
  /** In lower case, without a full stop. */
  readonly message: string
  /** What would be right: `an integer from 0 to 65535`. */
  readonly expected: string
  /**
   * The sentence that wg(8) prints, with a secret replaced by `(hidden)`; `undefined` where wg(8)
   * takes the value and makes something else of it, or knows no such value.
   */
  readonly wgMessage?: string | undefined
  /** Which element of a comma-separated list, from 0. */
  readonly index?: number | undefined
}

/**
 * A sentence of wg(8) about a text, in its quotes. A text that looks like a key is hidden, because
 * users paste private keys into other fields; wg(8) would print it.
 */
export function wgSentence(sentence: string, text: string): string {
  return `${sentence}: \`${mayHoldKey(text) ? HIDDEN : text}'`
}
