import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Requirement } from '../../../../test-fixtures/require.js'

/** The command as users start it. */
export const BIN = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))

/** The compiled command, for tests that start it as a process. */
export const hasBin: Requirement = () =>
  existsSync(BIN)
    ? { ok: true }
    : { ok: false, reason: 'needs the compiled command: npm run build' }
