import type { Fixtures } from './fixtures.mjs'

/** What is measured and what it should come to. */
export interface Case {
  /** Short, for the filter. */
  readonly name: string
  /** What is measured, against what. */
  readonly title: string
  readonly aim: Aim
  /** All must be met, or the case is skipped. */
  readonly needs: readonly Need[]
  /** It needs WireGuard in the kernel: see kernel-run.mjs. */
  readonly inKernel?: boolean
  readonly run: (fixtures: Fixtures) => Promise<Measured>
}

/** The number that counts. */
export interface Aim {
  /** Ours over the reference, ours less the reference, or ours alone; of medians. */
  readonly by: 'ratio' | 'difference' | 'value'
  /** Absent: the number is shown only. */
  readonly atMost?: number
  /** What would be better still. */
  readonly stretch?: number
}

/** Undefined when the need is met; else one sentence that says how to meet it. */
export type Need = () => string | undefined

/** The samples of a case, in its unit. */
export interface Measured {
  readonly unit: Unit
  readonly ours: readonly number[]
  /** Absent: there is nothing to compare with. */
  readonly reference?: readonly number[]
  /** What a reader should know of this run. */
  readonly note?: string
}

/** Milliseconds, or bytes. */
export type Unit = 'ms' | 'bytes'

/** What samples come to, in their unit. */
export interface Statistics {
  readonly min: number
  readonly median: number
  readonly max: number
  /** How many there were. */
  readonly samples: number
}

/** A case after it ran; `skipped` and `failed` say why there are no numbers. */
export interface Result extends Pick<Case, 'name' | 'title' | 'aim'> {
  readonly unit?: Unit
  readonly ours?: Statistics
  readonly reference?: Statistics
  /** What is compared with the aim. */
  readonly result?: number
  /** Absent: there is no aim. */
  readonly reached?: boolean
  /** The same for `stretch`. */
  readonly stretched?: boolean
  readonly note?: string
  readonly skipped?: string
  readonly failed?: string
}
