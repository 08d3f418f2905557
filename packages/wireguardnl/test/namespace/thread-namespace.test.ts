import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describeWith } from '../../../../test-fixtures/require.js'
import { CLONE_NEWNET, SystemCallError } from '../../src/libc.js'
import { type NamespaceCalls, ThreadNamespace } from '../../src/namespace/thread-namespace.js'
import { canMakeLinks, isLinux } from '../support/requirements.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { namespacesOfThreads } from '../../../../test-fixtures/process.js'

const BACK = 10
const THERE = 20
const EPERM = 1

/** System calls on descriptors that do not exist, the setns(2) of some of which fails. */
function fakeCalls(failing: readonly number[] = []) {
  const log: string[] = []
  const calls: NamespaceCalls = {
    open(path) {
      log.push(`open ${path}`)
      return BACK
    },
    setns(fd, type) {
      expect(type).toBe(CLONE_NEWNET)
      log.push(`setns ${fd}`)
      if (failing.includes(fd)) throw new SystemCallError('setns', EPERM)
    },
    close(fd) {
      log.push(`close ${fd}`)
    },
  }
  return { log, calls }
}

const LEFT = [`setns ${BACK}`, `close ${BACK}`]
const ENTERED = ['open /proc/thread-self/ns/net', `setns ${THERE}`]

const failing = (): never => {
  throw new RangeError('inside')
}

describe('a stretch in another namespace', () => {
  it('returns what the step returns, and comes back', () => {
    const { log, calls } = fakeCalls()
    const result = new ThreadNamespace(calls).within(THERE, () => log.push('step'))
    expect(result).toBe(3)
    expect(log).toEqual([...ENTERED, 'step', ...LEFT])
  })

  it('comes back when the step throws', () => {
    const { log, calls } = fakeCalls()
    const thread = new ThreadNamespace(calls)
    expect(() => thread.within(THERE, failing)).toThrow(RangeError)
    expect(log).toEqual([...ENTERED, ...LEFT])
    expect(() => thread.check()).not.toThrow()
  })

  it('refuses a step that continues afterwards, and comes back', () => {
    const { log, calls } = fakeCalls()
    const thread = new ThreadNamespace(calls)
    expect(() => thread.within(THERE, () => Promise.reject(new Error('later')))).toThrow(
      /synchronous function/,
    )
    expect(log).toEqual([...ENTERED, ...LEFT])
  })

  it('does not run the step where it cannot enter', () => {
    const { log, calls } = fakeCalls([THERE])
    const thread = new ThreadNamespace(calls)
    expect(() => thread.within(THERE, () => log.push('step'))).toThrow(
      expect.objectContaining({ code: 'EPERM', hint: expect.stringContaining('CAP_SYS_ADMIN') }),
    )
    expect(log).toEqual([...ENTERED, `close ${BACK}`])
    expect(() => thread.check()).not.toThrow()
  })

  it.each([
    ['the step returned', () => 1],
    ['the step threw', failing],
  ])('is fatal when %s and the thread cannot return', (_, step) => {
    const { log, calls } = fakeCalls([BACK])
    const thread = new ThreadNamespace(calls)
    const lost = expect.objectContaining({
      code: 'ENOTRECOVERABLE',
      hint: expect.stringContaining('End the process'),
    })
    expect(() => thread.within(THERE, step)).toThrow(lost)
    expect(log).toEqual([...ENTERED, ...LEFT])
    expect(() => thread.check()).toThrow(lost)
    expect(() => thread.id).toThrow(lost)
    expect(() => thread.within(THERE, () => log.push('step'))).toThrow(lost)
    expect(log).toHaveLength(4)
  })
})

describeWith(isLinux, 'the namespace of the thread', () => {
  it('has an identity', () => {
    const { dev, ino } = statSync('/proc/thread-self/ns/net')
    expect(new ThreadNamespace().id).toBe(`${dev}:${ino}`)
  })
})

const DIST = join(import.meta.dirname, '../../dist/index.js')

describeWith(
  [
    canMakeLinks,
    () =>
      existsSync(DIST)
        ? { ok: true }
        : { ok: false, reason: 'needs the built package: npm run build' },
  ],
  'the threads of Node',
  () => {
    it('are started outside, also when the first thing that needs them is inside', async () => {
      await using held = await TestNamespace.create()
      // An import would have started them already; require() does not.
      const program = `
        const { openNamespace, withinNamespace } = require(process.argv[1])
        const { readdirSync, readlinkSync, stat } = require('node:fs')
        withinNamespace(openNamespace(Number(process.argv[2])), () => stat('/', () => {}))
        const tasks = readdirSync('/proc/self/task')
        console.log([...new Set(tasks.map((id) => readlinkSync('/proc/self/task/' + id + '/ns/net')))].join())
      `
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', '-e', program, DIST, String(held.pid)],
        { encoding: 'utf8' },
      )
      expect(stderr).toBe('')
      expect([stdout.trim()]).toEqual(namespacesOfThreads())
    })
  },
)
