import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { runCommand } from './command.js'
import { until } from './wait.js'

/** A network namespace that is removed at the end of its scope. A sleeping process holds it. */
export class TestNamespace implements AsyncDisposable {
  readonly #holder: ChildProcess

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  /** Makes a namespace. Needs what `hasNamespaces` of require.ts checks. */
  static async create(): Promise<TestNamespace> {
    // setpriv: a test process that is killed takes the namespace with it.
    const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '-n', 'sleep', 'infinity'], {
      stdio: 'ignore',
    })
    await once(holder, 'spawn')
    const namespace = new TestNamespace(holder)
    const ours = readlinkSync('/proc/self/ns/net')
    try {
      await until(() => {
        if (namespace.#hasEnded()) throw new Error(`unshare -n ended with ${holder.exitCode}`)
        return readlinkSync(namespace.path) !== ours
      }, 'unshare -n has made a namespace')
    } catch (error) {
      await namespace[Symbol.asyncDispose]()
      throw error
    }
    return namespace
  }

  /** The process that holds it. */
  get pid(): number {
    return this.#holder.pid!
  }

  /** The path under which it can be opened. */
  get path(): string {
    return `/proc/${this.pid}/ns/net`
  }

  /** Runs a program in the namespace. Throws its output when it fails. */
  async run(...command: readonly [string, ...string[]]): Promise<string> {
    const { stdout, stderr, code } = await runCommand(['nsenter', `--net=${this.path}`, ...command])
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}: ${stderr}`)
    return stdout
  }

  /** Runs commands of ip(8) in the namespace: `ip('link set dev lo up')`. */
  async ip(...commands: readonly string[]): Promise<void> {
    const { code, stderr } = await runCommand(
      ['nsenter', `--net=${this.path}`, 'ip', '-batch', '-'],
      { input: commands.join('\n') },
    )
    if (code !== 0) throw new Error(`ip: ${stderr}`)
  }

  /** The names of its interfaces, without lo. */
  async links(): Promise<string[]> {
    const links = JSON.parse(await this.run('ip', '-json', 'link')) as { readonly ifname: string }[]
    return links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded()) return
    this.#holder.kill('SIGKILL')
    await once(this.#holder, 'exit')
  }

  #hasEnded(): boolean {
    return this.#holder.exitCode !== null || this.#holder.signalCode !== null
  }
}
