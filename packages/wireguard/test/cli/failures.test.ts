// Whatever goes wrong: one line on standard error, exit code 1, no stack trace, no secret.
import { describe, expect, it } from '@jest/globals'
import { WireGuardError } from 'wireguardcfg'
import { describeFailure } from '../../src/cli/failure.js'
import { CommandError } from '../../src/cli/context.js'
import { WireGuard } from '../../src/wireguard.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'
import { runMain } from './run-main.js'

const KEY = privateKeyOf(1).toBase64()
const BUG = 'this is a bug of the package wireguard, please report it'

/** What something that a subcommand calls may throw, and what is printed. */
const FAILURES: readonly (readonly [string, unknown, string])[] = [
  ['a bug', new TypeError('x is not a function'), `TypeError: x is not a function; ${BUG}`],
  ['a bug with a key in it', new Error(`no ${KEY}`), `Error: no (hidden); ${BUG}`],
  ['a bug in several lines', new Error('a\nb\n  at c'), `Error: a; ${BUG}`],
  ['a terminal escape', new Error('a\u001B[2J'), `Error: a\\u{1b}[2J; ${BUG}`],
  ['no error at all', undefined, `undefined thrown; ${BUG}`],
  ['a system error', errnoError('EMFILE'), 'Too many open files'],
  ['an unknown code', errnoError('ERR_X'), `Error: open 'x'; ${BUG}`],
  [
    'an error of the library',
    new WireGuardError('no netlink\nhere', { code: 'EOPNOTSUPP' }),
    'no netlink\\nhere',
  ],
  [
    'an error while another is handled',
    Object.assign(new Error('both'), { suppressed: errnoError('ENOMEM'), error: new Error('x') }),
    'Cannot allocate memory',
  ],
]

describe('a failure', () => {
  it.each(FAILURES)('that is %s is one line', async (_, error, text) => {
    const open = () => Promise.reject(error)
    await expect(runMain(['showconf', 'wg0'], { open })).resolves.toStrictEqual({
      stdout: '',
      stderr: `wireguard: ${text}\n`,
      code: 1,
    })
  })

  it('is told from a failure that is the fault of the user', () => {
    expect(describeFailure(new CommandError(`no file ${KEY}`), 'wg')).toBe('no file (hidden)')
  })

  it('to close WireGuard does not hide the one before', async () => {
    const { stderr, code } = await runMain(['showconf', 'wg0'], { open: unclosable })
    expect({ stderr, code }).toStrictEqual({
      stderr: 'Unable to access interface: No such device\n',
      code: 1,
    })
  })
})

function errnoError(code: string): Error {
  return Object.assign(new Error("open 'x'"), { code })
}

async function unclosable(): Promise<WireGuard> {
  const wg = await WireGuard.open({ backends: ['userspace'], socketDirectory: '/nowhere' })
  return Object.assign(wg, {
    [Symbol.asyncDispose]: () => Promise.reject(new Error('cannot close')),
  })
}
