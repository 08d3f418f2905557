import { describe, expect, it } from '@jest/globals'
import { exchangeDeadline } from '../../src/netlink/deadline.js'

describe('exchangeDeadline', () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])(
    'refuses an idle timeout of %d',
    (idleTimeout) => {
      expect(() => exchangeDeadline({ idleTimeout })).toThrow(
        expect.objectContaining({ code: 'EINVAL', kind: 'call' }),
      )
    },
  )

  it('refuses to begin with an aborted signal, and keeps the reason', () => {
    const reason = { why: 'changed my mind' }
    const signal = AbortSignal.abort(reason)
    expect(() => exchangeDeadline({ signal, operation: 'test' })).toThrow(
      expect.objectContaining({
        code: 'ABORT_ERR',
        kind: 'call',
        operation: 'test',
        message: 'test: aborted by the caller',
        cause: reason,
      }),
    )
  })

  it('fails with an error of netlink after the idle time', async () => {
    using deadline = exchangeDeadline({ idleTimeout: 1, operation: 'test' })
    await expect(deadline.race(new Promise(() => {}))).rejects.toMatchObject({
      name: 'NetlinkError',
      code: 'ETIMEDOUT',
      kind: 'call',
      message: 'test: ETIMEDOUT, no progress for 1 ms',
    })
  })
})
