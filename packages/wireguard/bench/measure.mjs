// mitata measures single functions of this process. It measures one subject after another and
// cannot measure processes. Therefore both sides of a ratio are run in turns here, so that a busy
// moment of the machine affects both.
import { measure } from 'mitata'

/**
 * Runs both sides in turns and times each run. Each side is the first in every other round.
 *
 * @template T
 * @param {(prepared: T) => unknown} ours
 * @param {(prepared: T) => unknown} reference
 * @param {{ rounds: number, warmUp?: number, prepare?: () => T | Promise<T> }} options `prepare`
 * runs before each run and is not timed
 * @returns {Promise<{ ours: number[], reference: number[] }>} milliseconds
 */
export async function sideBySide(ours, reference, { rounds, warmUp = 3, prepare }) {
  /** @type {{ ours: number[], reference: number[] }} */
  const samples = { ours: [], reference: [] }
  for (let round = -warmUp; round < rounds; round++) {
    const turns = /** @type {const} */ (
      round % 2 === 0 ? ['ours', 'reference'] : ['reference', 'ours']
    )
    for (const side of turns) {
      const prepared = await prepare?.()
      const start = performance.now()
      await (side === 'ours' ? ours(prepared) : reference(prepared))
      if (round >= 0) samples[side].push(performance.now() - start)
    }
  }
  return samples
}

/**
 * Times one function of this process with mitata.
 *
 * @param {() => unknown} subject
 * @returns {Promise<number[]>} milliseconds
 */
export async function micro(subject) {
  const { samples } = await measure(subject, {
    min_cpu_time: 2e9,
    min_samples: 20,
    warmup_samples: 5,
    // Each call takes tens of milliseconds, so each is a sample.
    batch_threshold: 0,
  })
  return samples.map((nanoseconds) => nanoseconds / 1e6)
}

/**
 * @param {readonly number[]} samples at least one
 * @returns {import('./case.d.ts').Statistics}
 */
export function statistics(samples) {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median =
    sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { min: sorted[0], median, max: sorted[sorted.length - 1], samples: sorted.length }
}
