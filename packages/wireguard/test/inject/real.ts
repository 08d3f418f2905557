import { once } from 'node:events'
import { until } from '../../../../test-fixtures/wait.js'
import { Machine, type Resources, Subject } from './machine.js'
import type { State } from './operations.mjs'
import { RECORDS, type Report } from './report.js'
import { faultsOf } from './rules.js'
import { ERRNOS, type SystemCall, Tracer } from './strace.js'

/** How often a call that repeats, such as the question whether a daemon replies, is a point. */
const REPETITIONS = 2
/** As many of netlink, where each message is another step. */
const MESSAGES = 10
const LIMIT = 30_000

/** How much is injected. */
export interface Extent {
  /** 1: at every point, 3: at every third. */
  readonly every: number
  /** All that can happen at a point, or one thing by turns. */
  readonly faults: 'all' | 'one'
  /** Whether each call is the first of its process, which loads what the call needs. */
  readonly first?: boolean
  /** The names of the points; default: all. */
  readonly only?: RegExp
}

/** A system call at which to inject. */
export interface Point {
  readonly name: string
  readonly thread: 'main' | 'pool'
  readonly call: SystemCall
}

/** Returns the points among the calls of an operation. */
export function pointsOf(calls: readonly SystemCall[], main: number): Point[] {
  const seen = new Map<string, number>()
  return calls.flatMap((call) => {
    if (call.internal || ERRNOS[call.name] === undefined) return []
    const thread = call.thread === main ? ('main' as const) : ('pool' as const)
    const label = `${call.name} ${call.target}${thread === 'pool' ? ' in the pool' : ''}`
    const count = (seen.get(label) ?? 0) + 1
    seen.set(label, count)
    const limit = call.target === 'NETLINK' ? MESSAGES : REPETITIONS
    return count > limit ? [] : [{ name: `${label}, ${count}`, thread, call }]
  })
}

/**
 * Fails each system call of an operation, and aborts the operation at each, in a process with the
 * built packages.
 */
export async function injectInto(
  operation: string,
  backend: 'kernel' | 'userspace',
  report: Report,
  { every, faults, first = false, only }: Extent,
): Promise<void> {
  await using machine = await Machine.create()
  // Makes the device what it has to be and looks at it, so that the other only makes its calls.
  await using helper = await Subject.start(machine, backend)
  let subject: Subject | undefined
  const start = async (): Promise<Subject> => {
    await subject?.[Symbol.asyncDispose]()
    subject = await Subject.start(machine, backend)
    // Opens the sockets that stay open, and loads what the operation needs.
    for (let i = 0; i < (first ? 0 : 2); i++) {
      await helper.reset(operation)
      await subject.prepare(operation)
      await subject.run(operation)
    }
    return subject
  }
  try {
    const current = await start()
    let base = await baseline(machine, helper, current, operation)
    if (first) {
      // The first call opens what stays open.
      await helper.reset(operation)
      base = { ...base, held: await current.resources() }
    }
    const points = base.points.filter(({ name }) => only?.test(name) !== false)
    report.count(operation, points.length)
    if (RECORDS) return
    for (const [i, point] of points.entries()) {
      if (i % every !== 0) continue
      const all = faultsAt(point)
      for (const fault of faults === 'all' ? all : [all[(i / every) % all.length]!]) {
        const fresh = first || subject?.running !== true ? await start() : subject
        const plan = { point, fault }
        const found = await injectOnce(machine, helper, fresh, operation, plan, base)
        report.add(operation, { point: point.name, fault }, found)
      }
    }
  } finally {
    await subject?.[Symbol.asyncDispose]()
  }
}

/** What can happen at a point. */
function faultsAt({ call: { name, target } }: Point): string[] {
  // No signal interrupts the reading of a file, and Node would not read again.
  const isFile = /^p?read/.test(name) && target.includes('/')
  return [...ERRNOS[name]!.filter((errno) => !isFile || errno !== 'EINTR'), 'abort']
}

/** What an operation does without a fault. */
export interface Baseline {
  readonly points: readonly Point[]
  readonly before: State
  readonly wanted: State
  /** What the subject holds before and after it. */
  readonly held: Resources
}

/** Runs an operation without a fault. */
export async function baseline(
  machine: Machine,
  helper: Subject,
  subject: Subject,
  operation: string,
): Promise<Baseline> {
  await helper.reset(operation)
  const threads = await subject.threads()
  const held = await subject.resources()
  await subject.prepare(operation)
  const before = await helper.state()
  const tracer = await Tracer.attach(machine, [threads.main, threads.pool])
  const outcome = await subject.run(operation)
  const calls = await tracer.detach()
  if (!outcome.ok) throw new Error(`without any fault: ${outcome.text}`)
  return { points: pointsOf(calls, threads.main), before, wanted: await helper.state(), held }
}

async function injectOnce(
  machine: Machine,
  helper: Subject,
  subject: Subject,
  operation: string,
  { point, fault }: { readonly point: Point; readonly fault: string },
  { before, wanted, held }: Baseline,
): Promise<string[]> {
  let made: readonly SystemCall[] = []
  try {
    await helper.reset(operation)
    await subject.prepare(operation)
    const thread = (await subject.threads())[point.thread]
    const what = fault === 'abort' ? 'signal=SIGUSR2' : `error=${fault}`
    const inject = `${point.call.name}:${what}:when=${point.call.when}`
    const tracer = await Tracer.attach(machine, [thread], inject)
    const outcome = await limited(subject.run(operation)).finally(async () => {
      made = await tracer.detach()
    })
    const injection = { point: point.name, fault }
    let found: string[] = []
    // A daemon whose deletion was given up still ends.
    const isRight = async () => {
      const after = await helper.state()
      found = faultsOf(operation, injection, outcome, { before, wanted, after })
      return found.length === 0
    }
    await until(isRight, 'the device is as it has to be', 3000).catch(() => {})
    await helper.reset(operation)
    await subject.prepare(operation)
    const next = await limited(subject.run(operation))
    if (!next.ok) found.push(`the next call failed: ${next.text.slice(0, 300)}`)
    await helper.reset(operation)
    let left: string[] = []
    const isClean = async () => (left = leaks(held, await subject.resources())).length === 0
    // The next one begins without what this one left.
    await until(isClean, 'nothing is left', 3000).catch(() => subject[Symbol.asyncDispose]())
    return [...found, ...left]
  } catch (error) {
    await subject[Symbol.asyncDispose]()
    // Libuv makes calls of its own between those of the operation, not always as many.
    if (made.some(({ injected, internal }) => injected && internal)) return []
    return [`the process hung or ended: ${String(error).slice(0, 500)}`]
  }
}

function leaks(before: Resources, after: Resources): string[] {
  const found: string[] = []
  if (after.descriptors > before.descriptors) {
    found.push(`${after.descriptors} descriptors instead of ${before.descriptors}`)
  }
  if (after.timers > before.timers) found.push('a timer is left')
  if (after.listeners > 0) found.push('a listener is left on the signal')
  for (const kind of ['sockets', 'links', 'processes'] as const) {
    if (after[kind].length > before[kind].length) found.push(`${kind} left: ${after[kind].join()}`)
  }
  return found
}

async function limited<T>(running: Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(LIMIT)
  return await Promise.race([
    running,
    once(limit, 'abort').then(() => {
      throw new Error(`not ended after ${LIMIT} ms`)
    }),
  ])
}
