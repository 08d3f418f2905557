import type { Fixtures } from './fixtures.mjs'

/** A measurement and its aim. */
export interface Case {
  /** A short name, for the filter. */
  readonly name: string
  /** The subject of the measurement, and the reference. */
  readonly title: string
  readonly aim: Aim
  /** The requirements. If one is not met, the case is skipped. */
  readonly needs: readonly Need[]
  /** Whether the case needs WireGuard in the kernel; see kernel-run.mjs. */
  readonly inKernel?: boolean
  readonly run: (fixtures: Fixtures) => Promise<Measured>
}

/** The limits of the result. */
export interface Aim {
  /** The result from the medians: ours / reference, ours - reference, or ours alone. */
  readonly by: 'ratio' | 'difference' | 'value'
  /** Absent: the result is only printed. */
  readonly atMost?: number
  /** A better result than required. */
  readonly stretch?: number
}

/** Returns undefined if the requirement is met, else one sentence that says how to meet it. */
export type Need = () => string | undefined

/** The samples of a case, in its unit. */
export interface Measured {
  readonly unit: Unit
  readonly ours: readonly number[]
  /** Absent: the case has no reference. */
  readonly reference?: readonly number[]
  /** A remark about this run. */
  readonly note?: string
}

/** Milliseconds, or bytes. */
export type Unit = 'ms' | 'bytes'

/** The statistics of samples, in their unit. */
export interface Statistics {
  readonly min: number
  readonly median: number
  readonly max: number
  /** The number of samples. */
  readonly samples: number
}

/** A case after its run. Without numbers, `skipped` or `failed` has the reason. */
export interface Result extends Pick<Case, 'name' | 'title' | 'aim'> {
  readonly unit?: Unit
  readonly ours?: Statistics
  readonly reference?: Statistics
  /** The number that is compared with the aim. */
  readonly result?: number
  /** Absent: the case has no aim. */
  readonly reached?: boolean
  /** The same for `stretch`. */
  readonly stretched?: boolean
  readonly note?: string
  readonly skipped?: string
  readonly failed?: string
}
