import { until } from '../../../../test-fixtures/wait.js'
import { Machine, Subject } from './machine.js'
import { OPERATIONS, publicKeyOf } from './operations.mjs'
import { baseline, type Point } from './real.js'
import { RECORDS, type Report } from './report.js'
import { Tracer } from './strace.js'

/** The signals that end a process in the middle of a call. */
export const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT'] as const

/**
 * Ends a process by a signal at each system call of an operation. The next process must be able to
 * go on: a listing works, and the same operation works, for `createDevice` at the latest after
 * `deleteDevice`. Nothing else is left.
 *
 * @param only the names of the points; default: all
 */
export async function crashIn(
  operation: string,
  backend: 'kernel' | 'userspace',
  report: Report,
  { signals, only }: { readonly signals: readonly string[]; readonly only?: RegExp },
): Promise<void> {
  await using machine = await Machine.create()
  await using helper = await Subject.start(machine, backend)
  const { points: all, wanted } = await (async () => {
    await using subject = await Subject.start(machine, backend)
    return await baseline(machine, helper, subject, operation)
  })()
  const points = all.filter(({ name }) => only?.test(name) !== false)
  report.count(operation, points.length)
  if (RECORDS) return
  for (const point of points) {
    for (const signal of signals) {
      const found = await crashOnce(machine, helper, operation, { backend, point, signal, wanted })
      report.add(operation, { point: point.name, fault: signal }, found)
    }
  }
}

interface Crash {
  readonly backend: 'kernel' | 'userspace'
  readonly point: Point
  readonly signal: string
  readonly wanted: Awaited<ReturnType<typeof baseline>>['wanted']
}

async function crashOnce(
  machine: Machine,
  helper: Subject,
  operation: string,
  { backend, point, signal, wanted }: Crash,
): Promise<string[]> {
  const { name, when } = point.call
  try {
    await helper.reset(operation)
    await using subject = await Subject.start(machine, backend)
    const thread = (await subject.threads())[point.thread]
    const tracer = await Tracer.attach(machine, [thread], `${name}:signal=${signal}:when=${when}`)
    await subject.run(operation).catch(() => {})
    await tracer.detach()
    // Not every run makes every call: a daemon may reply to the first question.
    if (subject.running) return []
    return await recover(helper, operation, wanted)
  } catch (error) {
    return [`no way on: ${String(error).slice(0, 500)}`]
  }
}

async function recover(
  helper: Subject,
  operation: string,
  wanted: Crash['wanted'],
): Promise<string[]> {
  const found: string[] = []
  // A daemon that was just started goes on starting.
  const hasSettled = async () => {
    const { processes, sockets } = await helper.resources()
    return processes.length === 0 || sockets.length > 0
  }
  await until(hasSettled, 'the daemon that was started listens')
  const listing = await helper.run('deviceNames')
  if (!listing.ok) found.push(`the listing failed: ${listing.text.slice(0, 300)}`)
  const { peers } = await helper.state()
  const ours = new Set(Array.from({ length: 200 }, (_, i) => publicKeyOf(i)))
  const strangers = peers.filter((peer) => !ours.has(peer.split(' ')[0]!))
  if (strangers.length > 0) found.push(`a temporary peer is left: ${strangers[0]!.slice(0, 200)}`)
  let again = await helper.run(operation)
  if (OPERATIONS[operation]!.startsWithout === true && !again.ok) {
    if (again.code !== 'EEXIST') found.push(`the next call: ${again.text.slice(0, 300)}`)
    const deleted = await helper.run('deleteDevice')
    if (!deleted.ok) found.push(`the deletion: ${deleted.text.slice(0, 300)}`)
    again = await helper.run(operation)
  }
  // The deletion had taken effect.
  const isDeleted = operation === 'deleteDevice' && !again.ok && again.code === 'ENODEV'
  if (!again.ok && !isDeleted) found.push(`the call after it: ${again.text.slice(0, 300)}`)
  const after = await helper.state()
  if (JSON.stringify(after) !== JSON.stringify(wanted) && strangers.length === 0) {
    found.push(`not as wanted afterwards: ${after.rest}`)
  }
  await helper.run('deleteDevice')
  const isEmpty = async () => {
    const { processes, sockets, links } = await helper.resources()
    return processes.length + sockets.length === 0 && !links.includes('wg0')
  }
  await until(isEmpty, 'nothing is left', 5000).catch(() => {
    found.push('a process, a socket or an interface is left')
  })
  return found
}
