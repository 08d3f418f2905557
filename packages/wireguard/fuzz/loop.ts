import * as fc from 'fast-check'
import { BOUNDS, Runner } from './bounds.js'
import { Coverage } from './coverage.js'
import { encodeInput } from './encoding.js'
import { minimise } from './minimise.js'
import { mutate } from './mutate.js'
import { Random } from './random.js'
import { readRegressions } from './regressions.js'
import { RunningInput } from './running-input.js'
import type { Session, Target, Value } from './target.js'

/** What the supervisor gives to this process. */
export interface Task {
  readonly target: string
  readonly seed: number
  /** When to end, in milliseconds of `Date.now()`. */
  readonly end: number
  /** The failures that are known, by {@link kindOf}. */
  readonly known: readonly string[]
  /** The inputs that ended a process, encoded. They are not run again. */
  readonly fatal: readonly string[]
  /** The URLs of the files whose coverage guides the mutations. */
  readonly files: readonly string[]
  /** The path of the file that says which input is running. */
  readonly runningInput: string
}

/** What this process reports. */
export type Report =
  | { readonly inputs: number; readonly blocks: number; readonly corpus: number }
  | { readonly failure: string; readonly kind: string; readonly input: string }

/** The inputs between two looks at the coverage, which takes milliseconds. */
const BATCH = 128
const GROUP = 16
const MOST_KEPT = 3000
/** Milliseconds to make one failing input smaller. */
const TIME_TO_MINIMISE = 20_000

/** Makes inputs, runs them, keeps those that reach something new, and reports those that fail. */
export class Loop {
  readonly #task: Task
  readonly #target: Target
  readonly #report: (report: Report) => void
  readonly #runner: Runner
  readonly #random: Random
  readonly #coverage: Coverage
  readonly #running: RunningInput
  readonly #known: Set<string>
  readonly #corpus: Value[] = []
  #fresh: Value[] = []
  #inputs = 0

  constructor(
    task: Task,
    target: Target,
    session: Session<Value>,
    report: (report: Report) => void,
  ) {
    this.#task = task
    this.#target = target
    this.#report = report
    this.#runner = new Runner(session, BOUNDS)
    this.#random = new Random(task.seed)
    this.#coverage = new Coverage(new Set(task.files))
    this.#running = new RunningInput(task.runningInput)
    this.#known = new Set(task.known)
  }

  async run(): Promise<void> {
    const seeds = [
      ...this.#target.seeds(),
      ...readRegressions(this.#target.name).map(({ input }) => input),
    ]
    for (const seed of seeds) {
      if (this.#isOver) break
      if (await this.#try(seed)) this.#corpus.push(seed)
    }
    this.#coverage.remember(this.#coverage.take())
    this.#reportCounts()
    while (!this.#isOver) {
      const batch: Value[] = []
      for (let i = 0; i < BATCH && !this.#isOver; i++) {
        const input = this.#next()
        if (await this.#try(input)) batch.push(input)
      }
      await this.#keepNew(batch)
      this.#reportCounts()
    }
    this.#runner.close()
    this.#running.close()
    this.#coverage.close()
  }

  #reportCounts(): void {
    const [blocks, corpus] = [this.#coverage.blocks, this.#corpus.length]
    this.#report({ inputs: this.#inputs, blocks, corpus })
  }

  get #isOver(): boolean {
    return Date.now() >= this.#task.end
  }

  #next(): Value {
    if (this.#corpus.length === 0 || this.#random.oneIn(4)) {
      if (this.#fresh.length === 0) {
        const seed = this.#random.below(2 ** 31)
        this.#fresh = fc.sample(this.#target.fresh, { numRuns: 100, seed })
      }
      return this.#fresh.pop()!
    }
    const { words } = this.#target
    // The latest ones reach what few inputs reach.
    const latest = this.#random.oneIn(2) ? this.#corpus.slice(-20) : this.#corpus
    const other = this.#random.of(this.#corpus)
    return mutate(this.#random.of(latest), { random: this.#random, words, other })
  }

  /** Keeps the inputs of a batch that reached something new. */
  async #keepNew(batch: readonly Value[]): Promise<void> {
    const left = new Set(this.#coverage.take())
    const reached = [...left]
    const runAgain = async (inputs: readonly Value[]): Promise<boolean> => {
      for (const input of inputs) await this.#failureOf(input)
      return [...this.#coverage.take()].some((block) => left.has(block))
    }
    // A look at the coverage takes longer than an input, so that most are run again in groups.
    for (let at = 0; at < batch.length && left.size > 0 && !this.#isOver; at += GROUP) {
      const group = batch.slice(at, at + GROUP)
      if (!(await runAgain(group))) continue
      for (const input of group) {
        await this.#failureOf(input)
        const again = [...this.#coverage.take()].filter((block) => left.delete(block))
        if (again.length > 0) this.#corpus.push(input)
      }
    }
    this.#coverage.remember(reached)
    while (this.#corpus.length > MOST_KEPT) {
      this.#corpus.splice(this.#random.below(MOST_KEPT / 2), 1)
    }
  }

  /** Runs one input. Returns whether all was well. */
  async #try(input: Value): Promise<boolean> {
    if (this.#task.fatal.length > 0 && this.#task.fatal.includes(encodeInput(input))) return false
    this.#inputs++
    const failure = await this.#failureOf(input)
    if (failure === undefined) return true
    const kind = kindOf(failure)
    if (this.#known.has(kind)) return false
    this.#known.add(kind)
    const end = Date.now() + TIME_TO_MINIMISE
    const smallest = await minimise(
      input,
      async (candidate) => {
        const again = await this.#failureOf(candidate)
        return again !== undefined && kindOf(again) === kind
      },
      () => Date.now() > end,
    )
    const last = (await this.#failureOf(smallest)) ?? failure
    this.#report({ failure: describe(last), kind, input: encodeInput(smallest) })
    return false
  }

  async #failureOf(input: Value): Promise<{ readonly error: unknown } | undefined> {
    const encoded = encodeInput(input)
    this.#running.begin(encoded)
    try {
      await this.#runner.run(input, encoded)
      return undefined
    } catch (error) {
      return { error }
    } finally {
      this.#running.end()
    }
  }
}

function describe({ error }: { readonly error: unknown }): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** What two failures of the same cause have in common: the text without what is in the input. */
function kindOf({ error }: { readonly error: unknown }): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text
    .split('\n')[0]!
    .replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '…')
    .slice(0, 60)
}
