// What this process has open, where it is, and what it may do.
import { readdirSync, readlinkSync } from 'node:fs'

const NOBODY = 65534

/** How many descriptors are open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** The network namespace of every thread of this process: one, unless a thread got lost. */
export function namespacesOfThreads(): string[] {
  const threads = readdirSync('/proc/self/task')
  return [...new Set(threads.map((id) => readlinkSync(`/proc/self/task/${id}/ns/net`)))]
}

/** Runs a step without any effective capability. */
export async function withoutPrivileges<T>(step: () => Promise<T>): Promise<T> {
  process.seteuid!(NOBODY)
  try {
    return await step()
  } finally {
    process.seteuid!(0)
  }
}
