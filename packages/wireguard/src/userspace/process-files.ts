// What /proc says about the processes of this machine. See proc(5).
import { WireGuardError } from 'wireguardcfg'
import { errorCode } from 'wireguardcfg/internal'
import { uninterrupted } from '../uninterrupted.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { readdirSync, readFileSync, readlinkSync } = process.getBuiltinModule('node:fs')

/** A unix socket that is bound to a path. */
export interface BoundSocket {
  /** The path to which it was bound; the file may no longer exist. @ begins an abstract one. */
  readonly path: string
  /** The number that identifies it among the descriptors of its process. */
  readonly inode: string
  /** Whether it accepts connections. */
  readonly isListening: boolean
}

/** The state of a process: it runs, it has ended, or this process must not look. */
export type ProcessState = 'running' | 'ended' | 'hidden'

/** Returns whether a process runs. A zombie has ended. */
export function processState(pid: number): ProcessState {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return read('/proc/self/stat') === undefined ? 'hidden' : 'ended'
  return /^[ZX]/.test(afterName(stat)) ? 'ended' : 'running'
}

/** Returns whether a signal has stopped all threads of a process, or it has ended. */
export function isHalted(pid: number): boolean {
  const threads = list(`/proc/${pid}/task`) ?? []
  return threads.every((thread) =>
    /^[TtZX]|^$/.test(afterName(read(`/proc/${pid}/task/${thread}/stat`) ?? ') ')),
  )
}

/**
 * Returns the processes that a process started, and those of its process group and its session,
 * without itself.
 */
export function relativesOf(pid: number): number[] {
  const parents = new Map<number, readonly number[]>()
  for (const entry of list('/proc') ?? []) {
    if (!/^\d+$/.test(entry)) continue
    const stat = read(`/proc/${entry}/stat`)
    if (stat === undefined) continue
    // state, ppid, pgrp, session
    parents.set(Number(entry), afterName(stat).split(' ').slice(1, 4).map(Number))
  }
  const family = new Set([pid])
  for (let before = 0; before !== family.size;) {
    before = family.size
    for (const [id, related] of parents) {
      if (related.some((relative) => family.has(relative))) family.add(id)
    }
  }
  family.delete(pid)
  return [...family]
}

/**
 * Returns the inodes of the open sockets of a process; undefined if this process must not see them.
 */
export function socketsOf(pid: number): ReadonlySet<string> | undefined {
  const targets = descriptorsOf(pid)
  if (targets === undefined) return undefined
  const inodes = targets.map(({ target }) => /^socket:\[(\d+)\]$/.exec(target)?.[1])
  return new Set(inodes.filter((inode) => inode !== undefined))
}

/**
 * Returns the names of the tun interfaces that a process has open. A name is undefined where the
 * kernel does not tell it. Returns undefined if this process must not see the descriptors.
 */
export function tunInterfacesOf(pid: number): (string | undefined)[] | undefined {
  return descriptorsOf(pid)
    ?.filter(({ target }) => target === '/dev/net/tun')
    .map(({ fd }) => /^iff:\t(.*)$/m.exec(read(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.[1])
}

/**
 * Returns the unix sockets that accept connections in the network namespace of a process; undefined
 * if they cannot be read.
 */
export function listenersAround(pid: number | 'self'): BoundSocket[] | undefined {
  return boundSocketsAround(pid)?.filter(({ isListening }) => isListening)
}

/** As {@link listenersAround}, with the sockets that do not accept connections yet. */
export function boundSocketsAround(pid: number | 'self'): BoundSocket[] | undefined {
  const table = read(`/proc/${pid}/net/unix`)
  if (table === undefined) return undefined
  const sockets: BoundSocket[] = []
  for (const line of table.split('\n')) {
    // Num RefCount Protocol Flags Type St Inode Path; __SO_ACCEPTCON is 0x10000.
    const match = /^\S+: \S+ \S+ ([\dA-Fa-f]+) \S+ \S+ +(\d+) (.+)$/.exec(line)
    if (match === null) continue
    const isListening = (Number.parseInt(match[1]!, 16) & 0x10000) !== 0
    sockets.push({ inode: match[2]!, path: match[3]!, isListening })
  }
  return sockets
}

/** Returns the process that has a socket open, or undefined if none is found. */
export function processWithSocket(inode: string): number | undefined {
  const pids = (list('/proc') ?? []).filter((entry) => /^\d+$/.test(entry)).map(Number)
  return pids.find((pid) => socketsOf(pid)?.has(inode) === true)
}

function descriptorsOf(
  pid: number,
): { readonly fd: string; readonly target: string }[] | undefined {
  return list(`/proc/${pid}/fd`)?.map((fd) => ({ fd, target: link(`/proc/${pid}/fd/${fd}`) }))
}

/** What follows the name in /proc/PID/stat. The name may contain spaces and parentheses. */
function afterName(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2)
}

function read(path: string): string | undefined {
  return ifAllowed(() => readFileSync(path, 'utf8'))
}

function list(path: string): string[] | undefined {
  return ifAllowed(() => readdirSync(path))
}

/** The target of a link, empty if the descriptor has been closed since it was listed. */
function link(path: string): string {
  return ifAllowed(() => readlinkSync(path)) ?? ''
}

// A process ends, or /proc is absent, restricted or incomplete.
const UNREADABLE: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ESRCH',
  'EACCES',
  'EPERM',
  'EINVAL',
  'EIO',
])

function ifAllowed<T>(step: () => T): T | undefined {
  try {
    return uninterrupted(step)
  } catch (error) {
    const code = errorCode(error)
    if (UNREADABLE.has(code)) return undefined
    throw new WireGuardError('cannot read in /proc what processes have open', {
      code,
      cause: error,
    })
  }
}
