// The descriptors, namespaces and privileges of this process, and the other processes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The user without privileges. */
const NOBODY = 65_534

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** The network namespace of every thread of this process: one, unless a thread got lost. */
export function namespacesOfThreads(): string[] {
  const threads = readdirSync('/proc/self/task')
  return [...new Set(threads.map((id) => readlinkSync(`/proc/self/task/${id}/ns/net`)))]
}

/** Runs a step as another user, without any effective capability. */
export async function withoutPrivileges<T>(step: () => Promise<T>): Promise<T> {
  process.seteuid!(NOBODY)
  try {
    return await step()
  } finally {
    process.seteuid!(0)
  }
}

/** The commands of the running processes that have this word among their arguments. */
export function processesOf(word: string): string[] {
  return everyProcess((pid) => {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return command.includes(word) ? command.join(' ') : undefined
  })
}

/**
 * The children of this process: their ids, followed by `Z` for one that ended and was not waited
 * for.
 */
export function children(): string[] {
  return childrenOf(process.pid)
}

/** The children of a process, as {@link children}. */
export function childrenOf(parent: number): string[] {
  return everyProcess((pid) => {
    // The name of the command may contain a parenthesis: proc(5).
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (ppid !== String(parent)) return undefined
    return state === 'Z' ? `${pid} Z` : pid
  })
}

/** The children of this process that ended and were not waited for. */
export function zombies(): string[] {
  return children().filter((child) => child.endsWith('Z'))
}

function everyProcess(describe: (pid: string) => string | undefined): string[] {
  const found: string[] = []
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const description = describe(pid)
      if (description !== undefined) found.push(description)
    } catch {
      // It ended.
    }
  }
  return found
}
