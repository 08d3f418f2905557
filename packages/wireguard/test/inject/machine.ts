import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { childrenOf } from '../../../../test-fixtures/process.js'
import { until } from '../../../../test-fixtures/wait.js'
import type { State } from './operations.mjs'
import type { Outcome } from './rules.js'

const SUBJECT = fileURLToPath(new URL('subject.mjs', import.meta.url))

/** Namespaces of its own, for interfaces, /run and processes, which all end with it. */
export class Machine implements AsyncDisposable {
  readonly #holder: ChildProcess
  readonly #pid: number

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder
    this.#pid = pid
  }

  static async create(): Promise<Machine> {
    const script = 'mount -t tmpfs tmpfs /run; ip link set lo up; echo ready; exec cat'
    const unshare = [
      'unshare',
      '-mnp',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      script,
    ]
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', ...unshare], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    return new Machine(holder, Number(childrenOf(holder.pid!)[0]))
  }

  /** The command that runs another in these namespaces, or only in the network namespace. */
  within(flags: readonly string[] = ['-m', '-n', '-p', '-r', '-w']): [string, ...string[]] {
    return ['nsenter', '-t', String(this.#pid), ...flags, '--']
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#holder.kill('SIGKILL')
    await once(this.#holder, 'close')
  }
}

/** What a subject and its machine hold. */
export interface Resources {
  readonly descriptors: number
  readonly timers: number
  /** Listeners on the signal of the last call. */
  readonly listeners: number
  readonly sockets: readonly string[]
  readonly links: readonly string[]
  readonly processes: readonly string[]
}

/** A process with the built packages that makes calls on command: subject.mjs. */
export class Subject implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  /** Its process id, here. */
  readonly pid: number
  #errors = ''

  private constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    child.stdin!.on('error', () => {})
  }

  /** Starts one, with the backend with which it creates devices. */
  static async start(machine: Machine, backend: string): Promise<Subject> {
    const [file, ...args] = machine.within()
    const child = spawn(file, [...args, process.execPath, SUBJECT, backend], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1', NODE_OPTIONS: '' },
    })
    const found = () => childrenOf(child.pid!)
    await until(() => found().length > 0, 'nsenter has started the subject')
    return new Subject(child, Number(found()[0]))
  }

  /** The ids of its threads here: that of JavaScript, and that of libuv's pool. */
  async threads(): Promise<Readonly<Record<'main' | 'pool', number>>> {
    const { thread } = (await this.#ask({ command: 'pool' })) as { thread: number }
    const pool = readdirSync(`/proc/${this.pid}/task`).find((id) => {
      const status = readFileSync(`/proc/${this.pid}/task/${id}/status`, 'utf8')
      return /^NSpid:.*\s(\d+)$/m.exec(status)?.[1] === String(thread)
    })
    return { main: this.pid, pool: Number(pool) }
  }

  reset(operation: string): Promise<unknown> {
    return this.#ask({ command: 'reset', operation })
  }

  prepare(operation: string): Promise<unknown> {
    return this.#ask({ command: 'prepare', operation })
  }

  run(operation: string): Promise<Outcome> {
    return this.#ask({ command: 'run', operation }) as Promise<Outcome>
  }

  state(): Promise<State> {
    return this.#ask({ command: 'state' }) as Promise<State>
  }

  resources(): Promise<Resources> {
    return this.#ask({ command: 'resources' }) as Promise<Resources>
  }

  /** Whether it still runs. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #ask(command: object): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) {
      if (this.running) await once(this.#child, 'exit')
      const { exitCode, signalCode } = this.#child
      throw new Error(`ended by ${signalCode ?? exitCode}: ${this.#errors.slice(-2000)}`)
    }
    const answer = JSON.parse(value) as { readonly broken?: string }
    if (answer.broken !== undefined) throw new Error(answer.broken)
    return answer
  }

  /** Ends it. Its daemons go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return
    process.kill(this.pid, 'SIGKILL')
    await once(this.#child, 'close')
  }
}
