import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Injection } from './rules.js'
import { KNOWN } from './known.js'

/** Whether this run only writes points.json. */
export const RECORDS = process.env['WIREGUARD_INJECT_RECORD'] === '1'

const FILE = fileURLToPath(new URL('points.json', import.meta.url))

type Recorded = Record<string, Record<string, number>>

/** What a suite found, and at how many points it looked. */
export class Report {
  readonly #subject: string
  readonly #found: string[] = []
  readonly #seen = new Set<string>()
  readonly #points: Record<string, number> = {}

  /** @param subject the backend, as points.json and known.ts name it */
  constructor(subject: string) {
    this.#subject = subject
  }

  /** Adds what one injection into an operation showed. */
  add(operation: string, { point, fault }: Injection, faults: readonly string[]): void {
    for (const text of faults) {
      const line = `${this.#subject}, ${operation}, ${fault} at ${point}: ${text}`
      const known = KNOWN.find(
        ({ subject, fault: pattern }) =>
          (subject === this.#subject || subject.startsWith(`${this.#subject}, `)) &&
          new RegExp(pattern).test(line),
      )
      if (known !== undefined) this.#seen.add(known.fault)
      else {
        this.#found.push(line)
        // At once, because a whole run takes long.
        process.stdout.write(`${line}\n`)
      }
    }
  }

  /** Counts the points of an operation. */
  count(operation: string, points: number): void {
    this.#points[operation] = points
  }

  /** What is wrong with an operation and not known. */
  foundIn(operation: string): readonly string[] {
    return this.#found.filter((line) => line.startsWith(`${this.#subject}, ${operation}, `))
  }

  /** The known faults that no injection showed any more. */
  get mended(): readonly string[] {
    if (RECORDS) return []
    return KNOWN.filter(
      ({ subject, fault }) => subject === this.#subject && !this.#seen.has(fault),
    ).map(({ fault }) => fault)
  }

  /**
   * Prints the numbers of points, and returns those that are lower than in points.json. A number
   * may rise, and is then written there with WIREGUARD_INJECT_RECORD=1; it may not fall, because a
   * point that is not reached is not tested.
   *
   * @param operations those that were run
   */
  fallen(operations: readonly string[]): string[] {
    const all = JSON.parse(readFileSync(FILE, 'utf8')) as Recorded
    const recorded = all[this.#subject] ?? {}
    const counted = operations.map((name) => [name, this.#points[name] ?? 0] as const)
    const lines = counted.map((each) => each.join(' '))
    process.stdout.write(`points at which ${this.#subject} was failed: ${lines.join(', ')}\n`)
    if (RECORDS) {
      all[this.#subject] = { ...recorded, ...this.#points }
      writeFileSync(FILE, `${JSON.stringify(all, null, 2)}\n`)
      return []
    }
    return counted
      .filter(([name, points]) => points < (recorded[name] ?? 1))
      .map(([name, points]) => `${name}: ${points} of ${recorded[name] ?? 'unknown'}`)
  }
}
