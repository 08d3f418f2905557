import { describe, expect, it } from '@jest/globals'
import { abortError, callDeadline } from '../../src/backend/call.js'
import { rejected, thrown } from '../model/faults.js'

const CONTEXT = { operation: 'read device', device: 'wg0' }

describe('the errors of a call', () => {
  it('name the aborted operation and the reason', () => {
    const signal = AbortSignal.abort('too late')
    expect(thrown(() => callDeadline(CONTEXT, { signal }))).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: 'too late',
      ...CONTEXT,
    })
    expect(abortError({ operation: 'list devices' }, undefined)).toMatchObject({
      message: 'list devices: aborted by the caller',
      code: 'ABORT_ERR',
      device: undefined,
    })
  })

  it('name the operation that made no progress', async () => {
    using deadline = callDeadline(CONTEXT, { idleTimeout: 1 })
    expect(await rejected(deadline.race(new Promise(() => {})))).toMatchObject({
      name: 'WireGuardError',
      code: 'ETIMEDOUT',
      message: 'read device "wg0": no progress for 1 ms',
      ...CONTEXT,
    })
  })

  it('name an invalid idle time', () => {
    expect(thrown(() => callDeadline(CONTEXT, { idleTimeout: -1 }))).toMatchObject({
      code: 'EINVAL',
      message:
        'read device "wg0": idleTimeout -1: expected milliseconds up to 2147483647, or 0 for no limit',
      ...CONTEXT,
    })
  })

  it('do not occur without options', () => {
    using deadline = callDeadline(CONTEXT)
    expect(deadline.check()).toBeUndefined()
  })
})
