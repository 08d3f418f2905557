import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../../../test-fixtures/command.js'

/** A network namespace of its own, with its loopback up, held by a sleeping process. */
export class TestNamespace implements AsyncDisposable {
  readonly pid: number
  readonly #holder: ChildProcess

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder
    this.pid = pid
  }

  static async create(): Promise<TestNamespace> {
    // setpriv: a test process that is killed takes the namespace with it.
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '-n', 'sleep', '900'], {
      stdio: 'ignore',
    })
    await once(holder, 'spawn')
    const namespace = new TestNamespace(holder, holder.pid!)
    const ours = readlinkSync('/proc/self/ns/net')
    for (let attempt = 0; attempt < 1000; attempt++) {
      if (readlinkSync(namespace.path) !== ours) {
        await namespace.run('ip', 'link', 'set', 'lo', 'up')
        return namespace
      }
      await sleep(10)
    }
    throw new Error('unshare -n made no namespace within 10 seconds')
  }

  get path(): string {
    return `/proc/${this.pid}/ns/net`
  }

  /** Runs a program in the namespace; throws what it printed when it fails. */
  async run(...command: readonly [string, ...string[]]): Promise<string> {
    const { stdout, stderr, code } = await runCommand(['nsenter', `--net=${this.path}`, ...command])
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}: ${stderr}`)
    return stdout
  }

  /** The names of its interfaces, without lo. */
  async links(): Promise<string[]> {
    const links = JSON.parse(await this.run('ip', '-json', 'link')) as { readonly ifname: string }[]
    return links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    this.#holder.kill('SIGKILL')
    await once(this.#holder, 'exit')
  }
}

/**
 * The processes with this word among their arguments, zombies and all: their state and their
 * command.
 */
export function processesOf(word: string): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (command.includes(word)) found.push(command.join(' '))
    } catch {
      // It ended.
    }
  }
  return found
}

/**
 * The children of this process: their ids and states, as in proc(5); `Z` is one that ended and was
 * not waited for.
 */
export function children(): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (parent === String(process.pid)) found.push(`${pid} ${state === 'Z' ? 'Z' : ''}`.trim())
    } catch {
      // It ended.
    }
  }
  return found
}

/** Those of them that have ended and were not waited for. */
export function zombies(): string[] {
  return children().filter((child) => child.endsWith('Z'))
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
