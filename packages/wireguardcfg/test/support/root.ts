import type { Requirement } from '../../../../test-fixtures/require.js'

const NOBODY = 65_534

/** The power to become another user, whom file permissions concern. */
export const isRoot: Requirement = () =>
  process.geteuid?.() === 0
    ? { ok: true }
    : { ok: false, reason: 'needs another user: run as root on a POSIX system' }

/** Runs a step as a user whom file permissions concern. */
export async function asNobody<T>(step: () => Promise<T>): Promise<T> {
  process.seteuid!(NOBODY)
  try {
    return await step()
  } finally {
    process.seteuid!(0)
  }
}
