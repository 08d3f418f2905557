// npm run fuzz: runs targets one after the other, each in a process that is ended when it hangs.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { GROWING, MOST_RATIO, ratioOf } from './growth.js'
import type { Report, Task } from './loop.js'
import { Random } from './random.js'
import { writeRegression } from './regressions.js'
import { RunningInput } from './running-input.js'
import { TARGETS } from './targets.js'

/** Milliseconds after which an input hangs, on a busy machine too. */
const LONGEST = 20_000
/** Megabytes of heap. An input that needs more has no bound. */
const HEAP = 400
const MOST_FAILURES = 20

interface Failure {
  readonly target: string
  readonly failure: string
  readonly file: string | undefined
}

interface Growth {
  readonly name: string
  readonly ratio: number
}

/** How one target fared. */
interface Result {
  readonly target: string
  readonly inputs: number
  readonly blocks: number
  readonly corpus: number
  readonly failures: readonly Failure[]
}

/**
 * Runs the command.
 *
 * @param files the URLs of the files of the library, whose coverage guides the mutations
 * @returns the exit code: 1 if an input failed
 */
export async function main(argv: readonly string[], worker: URL, files: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '2' },
      target: { type: 'string', multiple: true },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  if (values.list) {
    for (const { name, what } of TARGETS) print(`${name.padEnd(24)}${what}`)
    print(`${GROWTH.padEnd(24)}CPU time at eight times the size is less than 16 times as long`)
    return 0
  }
  const minutes = Number(values.minutes)
  const seed = Number(values.seed ?? Date.now() % 2 ** 31)
  const known = [...TARGETS.map(({ name }) => name), GROWTH]
  const names = values.target ?? known
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`no target ${unknown}; there are ${known.join(', ')}`)
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error('--minutes and --seed are numbers')
  const log = values.json ? () => {} : print
  const results: Result[] = []
  for (const target of names) {
    const time = (minutes * 60_000) / names.length
    const result =
      target === GROWTH
        ? await growth(seed, Date.now() + time)
        : await fuzz({ target, seed, worker, files, end: Date.now() + time, log })
    results.push(result)
    const { inputs, blocks, corpus, failures } = result
    log(
      `${target.padEnd(24)}${inputs} inputs, ${blocks} blocks, ${corpus} kept, ${failures.length} failed`,
    )
  }
  const failures = results.flatMap((result) => result.failures)
  if (values.json) print(JSON.stringify({ seed, minutes, results }, undefined, 2))
  else log(`${failures.length === 0 ? 'no input failed' : 'inputs failed'}; --seed ${seed}`)
  return failures.length === 0 ? 0 : 1
}

const GROWTH = 'growth'

interface Run {
  readonly target: string
  readonly seed: number
  readonly worker: URL
  readonly files: readonly string[]
  readonly end: number
  readonly log: (line: string) => void
}

/** Runs one target until its end, in a new process after every one that had to be ended. */
async function fuzz({ target, seed, worker, files, end, log }: Run): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'wireguard-fuzz-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  const known: string[] = []
  const fatal: string[] = []
  const failures: Failure[] = []
  const totals = { inputs: 0, blocks: 0, corpus: 0 }
  const fail = (failure: string, encoded: string | undefined): void => {
    const fault = failure.split('\n')[0] ?? ''
    const file = encoded === undefined ? undefined : writeRegression(target, fault, encoded)
    failures.push({ target, failure, file })
    log(
      `FAILED ${target}: ${failure}\n  seed ${seed}${file === undefined ? '' : `, input ${file}`}`,
    )
  }
  for (let round = 0; Date.now() < end && failures.length < MOST_FAILURES; round++) {
    const runningInput = join(folder, String(round))
    const running = new RunningInput(runningInput)
    let inputs = 0
    const child = fork(worker, { execArgv: [`--max-old-space-size=${HEAP}`] })
    const task: Task = { target, seed: seed + round, end, known, fatal, files, runningInput }
    child.send(task)
    const failure = await untilEnd(child, running, (report) => {
      if ('failure' in report) {
        known.push(report.kind)
        fail(report.failure, report.input)
      } else {
        inputs = report.inputs
        totals.blocks = Math.max(totals.blocks, report.blocks)
        totals.corpus = Math.max(totals.corpus, report.corpus)
      }
    })
    totals.inputs += inputs
    const { encoded } = running
    running.close()
    if (failure === undefined) continue
    fail(failure, encoded)
    // Without an input, it is a fault of the fuzzer.
    if (encoded === undefined) break
    fatal.push(encoded)
  }
  process.off('exit', remove)
  remove()
  return { target, ...totals, failures }
}

/** Waits for the end of a process. Returns why it ended before its time. */
async function untilEnd(
  child: ChildProcess,
  running: RunningInput,
  onReport: (report: Report) => void,
): Promise<string | undefined> {
  let failure: string | undefined
  let [count, since] = [running.count, Date.now()]
  const watch = setInterval(() => {
    if (running.count !== count || running.encoded === undefined) {
      ;[count, since] = [running.count, Date.now()]
    } else if (Date.now() - since > LONGEST) {
      failure = `an input did not end within ${LONGEST / 1000} s`
      child.kill('SIGKILL')
    }
  }, 250)
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  child.on('message', (report) => onReport(report as Report))
  const [code, signal] = await new Promise<readonly [number | null, string | null]>((resolve) => {
    child.once('close', (...how) => resolve(how))
  })
  process.off('exit', kill)
  clearInterval(watch)
  if (code === 0 || failure !== undefined) return failure
  return `an input ended the process: ${signal ?? `exit code ${code}`}`
}

/** Measures what must grow in proportion, from another place on with every seed. */
async function growth(seed: number, end: number): Promise<Result> {
  const found: Growth[] = []
  const first = new Random(seed).below(GROWING.length)
  for (const { name, grow } of [...GROWING.slice(first), ...GROWING.slice(0, first)]) {
    if (Date.now() >= end) break
    found.push({ name, ratio: await ratioOf(grow) })
  }
  const failures = found
    .filter(({ ratio }) => ratio >= MOST_RATIO)
    .map(({ name, ratio }) => ({
      target: GROWTH,
      failure: `${name} takes ${ratio.toFixed(1)} times as long for 8 times as much`,
      file: undefined,
    }))
  return { target: GROWTH, inputs: found.length, blocks: 0, corpus: 0, failures }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
