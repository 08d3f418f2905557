import { HIDDEN, mayHoldKey } from '../../model/quote.js'

/** A value that was read, or what is wrong with its text. */
export type Parsed<T> =
  | { readonly value: T; readonly warnings?: readonly ValueFault[] }
  /** The warnings are about the elements of a list before the fault. */
  | { readonly fault: ValueFault; readonly warnings?: readonly ValueFault[] }

/** What is wrong with a value. No part of it is a secret. */
export interface ValueFault {
  /** The fault in lower case, without a full stop. */
  readonly message: string
  /** What is valid: `an integer from 0 to 65535`. */
  readonly expected: string
  /**
   * The sentence that wg(8) prints, with a secret replaced by `(hidden)`. It is `undefined` when
   * wg(8) accepts the value with another meaning, or does not know such a value.
   */
  readonly wgMessage?: string | undefined
  /** The index of the element in a comma-separated list, from 0. */
  readonly index?: number | undefined
}

/**
 * Returns a sentence of wg(8) about a text, in the quotation marks of wg(8). A text that looks like
 * a key is hidden, because users paste private keys into other fields. wg(8) prints it.
 */
export function wgSentence(sentence: string, text: string): string {
  return `${sentence}: \`${mayHoldKey(text) ? HIDDEN : text}'`
}
