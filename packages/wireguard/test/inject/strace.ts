import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import type { Machine } from './machine.js'

/** A system call of a thread. */
export interface SystemCall {
  /** Its id; 0 if only one is traced. */
  readonly thread: number
  readonly name: string
  /** Which of this thread's calls of this name it is, from 1. */
  readonly when: number
  /** What it is about: a path without numbers, or a kind of socket. */
  readonly target: string
  /**
   * It is about a standard stream, which is not the operation's, or wakes up libuv, whose failure
   * ends Node.
   */
  readonly internal: boolean
  readonly injected: boolean
}

/**
 * What each system call can fail with. An interrupted call is repeated, by libuv or by us. Left
 * out: memory and waiting, whose failure ends Node or V8.
 */
export const ERRNOS: Readonly<Record<string, readonly string[]>> = {
  socket: ['EMFILE', 'ENOMEM', 'EPERM'],
  socketpair: ['EMFILE', 'ENOMEM'],
  pipe2: ['EMFILE', 'ENOMEM'],
  openat: ['EMFILE', 'ENOMEM', 'EPERM', 'EINTR'],
  connect: ['ENOMEM', 'EPERM', 'EINTR'],
  bind: ['ENOMEM', 'EPERM'],
  getsockname: ['ENOBUFS'],
  setsockopt: ['ENOMEM'],
  sendto: ['ENOBUFS', 'ENOMEM', 'EPERM', 'EINTR'],
  sendmsg: ['ENOBUFS', 'ENOMEM', 'EPERM', 'EINTR'],
  recvfrom: ['ENOBUFS', 'ENOMEM', 'EINTR'],
  recvmsg: ['ENOBUFS', 'ENOMEM', 'EINTR'],
  read: ['ENOMEM', 'EINTR'],
  pread64: ['ENOMEM', 'EINTR'],
  write: ['ENOBUFS', 'EPERM', 'EINTR'],
  writev: ['ENOBUFS', 'EPERM', 'EINTR'],
  statx: ['ENOMEM', 'EPERM'],
  newfstatat: ['ENOMEM', 'EPERM'],
  fstat: ['ENOMEM'],
  access: ['ENOMEM', 'EPERM'],
  faccessat: ['ENOMEM', 'EPERM'],
  readlink: ['ENOMEM', 'EPERM'],
  getdents64: ['ENOMEM'],
  unlink: ['ENOMEM', 'EPERM'],
  ftruncate: ['EPERM', 'EINTR'],
  clone: ['EAGAIN', 'ENOMEM'],
  clone3: ['EAGAIN', 'ENOMEM'],
  fork: ['EAGAIN', 'ENOMEM'],
  vfork: ['EAGAIN', 'ENOMEM'],
  kill: ['EPERM'],
  ioctl: ['ENOMEM'],
  setns: ['EPERM'],
}

const TRACED = Object.keys(ERRNOS)
  .map((name) => `?${name}`)
  .join()

/** strace(1) attached to threads of a process, until the end of the scope. */
export class Tracer {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #directory: AsyncDisposable

  private constructor(child: ChildProcess, log: string, directory: AsyncDisposable) {
    this.#child = child
    this.#log = log
    this.#directory = directory
  }

  /**
   * Attaches to these threads, and to no other.
   *
   * @param inject what to do at which of their calls, as strace's option: `read:error=EPERM:when=3`
   */
  static async attach(
    machine: Machine,
    threads: readonly number[],
    inject?: string,
  ): Promise<Tracer> {
    const directory = await temporaryDirectory()
    const log = join(directory.path, 'log')
    // In the network namespace it can tell the kinds of sockets, and outside of the others it sees
    // the process by its id.
    const [file, ...command] = machine.within(['-n'])
    command.push('strace', '-yy', '-s', '200', '-o', log, '-e', `trace=${TRACED}`)
    command.push('-e', 'signal=none')
    if (inject !== undefined) command.push('-e', `inject=${inject}`)
    for (const thread of threads) command.push('-p', String(thread))
    const child = spawn(file, command, { stdio: ['ignore', 'ignore', 'pipe'] })
    for (let told = '', attached = 0; attached < threads.length;) {
      const [chunk] = (await Promise.race([
        once(child.stderr, 'data'),
        once(child, 'close').then(() => {
          throw new Error(`strace ended: ${told}`)
        }),
      ])) as [Buffer]
      told += chunk.toString()
      attached = told.split(' attached').length - 1
    }
    return new Tracer(child, log, directory)
  }

  /** Detaches, and returns the calls that these threads made since. */
  async detach(): Promise<SystemCall[]> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGINT')
      await once(this.#child, 'close')
    }
    const calls = parse(readFileSync(this.#log, 'utf8'))
    await this.#directory[Symbol.asyncDispose]()
    return calls
  }
}

function parse(log: string): SystemCall[] {
  const counts = new Map<string, number>()
  const calls: SystemCall[] = []
  for (const line of log.split('\n')) {
    // strace names the thread only if it traces several.
    const call = /^(?:(\d+) +)?(\w+)\((.*)$/.exec(line)
    if (call === null) continue
    const [, thread = '0', name = '', rest = ''] = call
    const target = targetOf(rest)
    const key = `${thread} ${name}`
    const when = (counts.get(key) ?? 0) + 1
    counts.set(key, when)
    calls.push({
      thread: Number(thread),
      name,
      when,
      target,
      internal: /^[012]</.test(rest) || /^(pipe|anon_inode|eventfd)/.test(target),
      injected: line.includes('(INJECTED)'),
    })
  }
  return calls
}

/** The path of the call, else the kind of the descriptor, else the first argument. */
function targetOf(rest: string): string {
  const path = /^(?:AT_FDCWD(?:<[^>]*>)?, )?"([^"]*)"/.exec(rest)?.[1]
  const descriptor = /^\d+<([^>]*)/.exec(rest)?.[1]
  const text =
    path ?? /sun_path="([^"]*)"/.exec(rest)?.[1] ?? descriptor ?? /^[^,)]*/.exec(rest)![0]
  return text
    .replace(/:\[.*/, '')
    .replace(/^.*\/(node_modules|packages)\//, '')
    .replaceAll(/[\da-f]{8}-[-\da-f]+|\d{2,}/g, 'N')
}
