import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../../../test-fixtures/command.js'
import * as libc from '../../src/libc.js'
import { KernelSocket, type KernelSocketOptions } from '../../src/netlink/kernel-socket.js'

/** A network namespace of its own, held by a sleeping process. */
export class Namespace implements AsyncDisposable {
  readonly #holder: ChildProcess

  private constructor(holder: ChildProcess) {
    this.#holder = holder
  }

  static async create(): Promise<Namespace> {
    const holder = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' })
    const namespace = new Namespace(holder)
    const ours = readlinkSync('/proc/self/ns/net')
    for (let attempt = 0; attempt < 500; attempt += 1) {
      if (holder.exitCode !== null) throw new Error(`unshare -n exited with ${holder.exitCode}`)
      if (readlinkSync(`/proc/${holder.pid}/ns/net`) !== ours) return namespace
      await sleep(10)
    }
    await namespace[Symbol.asyncDispose]()
    throw new Error('unshare -n made no namespace within 5 seconds')
  }

  /** The process that holds it. */
  get pid(): number {
    return this.#holder.pid!
  }

  /** Opens a socket in the namespace: it stays there, the thread comes back. */
  open(protocol: number, options?: KernelSocketOptions): KernelSocket {
    const back = libc.open('/proc/thread-self/ns/net', libc.O_RDONLY | libc.O_CLOEXEC)
    const there = libc.open(`/proc/${this.#holder.pid}/ns/net`, libc.O_RDONLY | libc.O_CLOEXEC)
    try {
      libc.setns(there, libc.CLONE_NEWNET)
      try {
        return KernelSocket.open(protocol, options)
      } finally {
        libc.setns(back, libc.CLONE_NEWNET)
      }
    } finally {
      libc.close(there)
      libc.close(back)
    }
  }

  /** Runs commands of ip(8) in the namespace: `ip('link set dev lo up')`. */
  async ip(...commands: readonly string[]): Promise<void> {
    const net = `--net=/proc/${this.#holder.pid}/ns/net`
    const input = commands.join('\n')
    const { code, stderr } = await runCommand(['nsenter', net, 'ip', '-batch', '-'], { input })
    if (code !== 0) throw new Error(`ip: ${stderr}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return
    this.#holder.kill('SIGKILL')
    await once(this.#holder, 'exit')
  }
}
