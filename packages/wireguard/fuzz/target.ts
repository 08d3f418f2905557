import type * as fc from 'fast-check'

/**
 * An input: what JSON can hold, and bytes. A list in it may have any length and any order, and
 * every text, number and byte may have any value, because mutation and minimisation change them.
 */
export type Value =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly Value[]
  | { readonly [name: string]: Value }

/** One part of the library, the inputs for it, and what must hold for each of them. */
export interface TargetOf<Input extends Value> {
  /** The name on the command line and of the folder below `regressions/`. */
  readonly name: string
  /** The inputs and what must hold, in a few words. */
  readonly what: string
  /** New inputs. The others are changed ones. */
  readonly fresh: fc.Arbitrary<Input>
  /** The inputs to begin with: real ones. */
  readonly seeds: () => readonly Input[]
  /** Texts that mean something here. They are inserted into texts and bytes. */
  readonly words: readonly string[]
  /** Makes what all inputs share, such as a server. */
  readonly open: () => Promise<Session<Input>> | Session<Input>
}

/** What runs inputs. */
export interface Session<Input> {
  /** Runs one input. Throws unless everything holds that must. */
  readonly run: (input: Input) => void | Promise<void>
  readonly close?: () => Promise<void>
}

/** A target of any inputs. */
export type Target = TargetOf<Value>

/** Returns a target in its general form. It is only given inputs that it made, or changed ones. */
export function target<Input extends Value>(of: TargetOf<Input>): Target {
  return of as unknown as Target
}

/** Something that must never happen. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

/** Throws a {@link Violation} unless the condition holds. */
export function must(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new Violation(typeof what === 'string' ? what : what())
}
