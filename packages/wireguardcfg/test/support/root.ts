import type { Requirement } from '../../../../test-fixtures/require.js'

/** The power to become another user, whom file permissions concern. */
export const isRoot: Requirement = () =>
  process.geteuid?.() === 0
    ? { ok: true }
    : { ok: false, reason: 'needs another user: run as root on a POSIX system' }
