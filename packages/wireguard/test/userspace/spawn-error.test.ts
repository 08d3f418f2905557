import { describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import { spawnError } from '../../src/userspace/spawn-error.js'

describe('spawnError', () => {
  it.each([
    ['ENOEXEC', { code: 'Unknown system error -8', errno: -8 }],
    ['ETXTBSY', { code: 'ETXTBSY', errno: -26 }],
    ['E2BIG', { code: 'E2BIG', errno: -7 }],
    ['EAGAIN', { code: 'EAGAIN', errno: -11 }],
    ['EMFILE', { code: 'EMFILE', errno: -24 }],
    ['ENOMEM', { code: 'ENOMEM', errno: -12 }],
    ['EINVAL', { code: 'ERR_INVALID_ARG_VALUE' }],
  ])('has the code %s, the program, and what to do', (code, properties) => {
    const cause = Object.assign(new Error('spawn failed'), properties)
    const error = spawnError('/usr/bin/x', cause)
    expect(error).toMatchObject({ code, cause, hint: expect.any(String) })
    expect(inspect(error)).toContain('/usr/bin/x could not be started')
  })

  it('is EIO for what has no POSIX code', () => {
    expect(spawnError('x', new Error('odd'))).toMatchObject({ code: 'EIO' })
    expect(spawnError('x', Object.assign(new Error(''), { code: 'ERR_ODD' })).code).toBe('EIO')
  })
})
