import { constants } from 'node:os'
import { describe, expect, it } from '@jest/globals'
import { replyError } from '../../src/uapi/reply-error.js'

const CONTEXT = { operation: 'configure device', device: 'wg0' }
const { errno } = constants

describe('replyError', () => {
  it.each([0, -0])('is undefined for %d', (number) => {
    expect(replyError(number, CONTEXT)).toBeUndefined()
  })

  it.each([
    ['EINVAL', errno.EINVAL, 'EINVAL'],
    ['EADDRINUSE', errno.EADDRINUSE, 'EADDRINUSE'],
    ['EIO', errno.EIO, 'EIO'],
    ['EPROTO', errno.EPROTO, 'EPROTO'],
    ['EPERM', errno.EPERM, 'EPERM'],
    ['EACCES, which is a missing permission too', errno.EACCES, 'EPERM'],
    ['EAGAIN, by its usual name', errno.EAGAIN, 'EAGAIN'],
    ['EOPNOTSUPP, by its usual name', errno.EOPNOTSUPP, 'EOPNOTSUPP'],
    ['55, which wireguard-go means literally on every system', 55, 'EIO'],
    ['a number that no system has', 99_999, 'EIO'],
  ])('has the name of the number, with any sign: %s', (_, number, code) => {
    for (const signed of [number, -number]) {
      const error = replyError(signed, CONTEXT)
      expect(error).toMatchObject({ code, detail: `errno=${signed}`, ...CONTEXT })
      expect(error?.message).toContain(`errno=${signed}`)
    }
  })

  it.each([
    ['EINVAL', errno.EINVAL, 'older implementation'],
    ['EADDRINUSE', errno.EADDRINUSE, 'listenPort'],
  ])('has a hint for %s', (_, number, hint) => {
    expect(replyError(number, CONTEXT)?.hint).toContain(hint)
  })
})
