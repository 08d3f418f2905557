import { expect, it } from '@jest/globals'
import { daemonEnvironment, SYSTEM_PATH } from '../../src/userspace/environment.js'

it.each(['LOG_LEVEL', 'WG_LOG_LEVEL', 'WG_THREADS', 'RUST_LOG', 'GODEBUG', 'HOME', 'TZ', 'LC_ALL'])(
  'the implementation gets %s',
  (name) => {
    expect(daemonEnvironment({ PATH: '/bin', [name]: 'x' })).toStrictEqual({
      PATH: '/bin',
      [name]: 'x',
    })
  },
)

it.each([
  ['a credential', 'DATABASE_URL'],
  ['what begins like a runtime', 'GOOGLE_APPLICATION_CREDENTIALS'],
  ['a key of WireGuard', 'WG_PRIVATE_KEY'],
  ['a password of a panel', 'WG_PASSWORD'],
  ['a descriptor that it does not inherit', 'WG_TUN_FD'],
  ['another one', 'WG_UAPI_FD'],
  ['options of Node', 'NODE_OPTIONS'],
  ['what loads code', 'LD_PRELOAD'],
  ['what only ends like one', 'MY_LOG_LEVEL'],
])('the implementation does not get %s: %s', (_, name) => {
  expect(daemonEnvironment({ [name]: 'x' })).toStrictEqual({ PATH: SYSTEM_PATH })
})
