import { describe } from '@jest/globals'
import { NetlinkClient } from 'wireguardnl'
import { deferred } from '../../../../test-fixtures/deferred.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { describeBackend } from './backend.js'

describe.each([
  ['of Linux 6.12', { release: '6.12.0' }],
  ['of Linux 6.16, which removes allowed IPs', { release: '6.16.0', removeFlag: true }],
  ['that cuts dumps short', { release: '6.1.0', dumpLimit: 600 }],
])('a fake kernel %s', (title, options) => {
  describeBackend(
    title,
    {
      kind: 'kernel',
      hasIndex: true,
      keepsPeerOrder: true,
      tellsZones: true,
      canStall: true,
      manyPeers: 3000,
      manyAllowedIPs: 5000,
    },
    () => {
      let stalled = Promise.resolve()
      const system = new FakeSystem({ ...options, beforeSend: () => stalled })
      system.add('wg0')
      const backend = new NetlinkClient(system.kernel)
      return Promise.resolve({
        backend,
        device: 'wg0',
        open: () => Promise.resolve(new NetlinkClient(system.kernel)),
        stall: () => {
          const { promise, resolve } = deferred()
          stalled = promise
          return Promise.resolve({
            [Symbol.asyncDispose]: () => {
              stalled = Promise.resolve()
              resolve()
              return promise
            },
          })
        },
        [Symbol.asyncDispose]: () => backend.close(),
      })
    },
  )
})
