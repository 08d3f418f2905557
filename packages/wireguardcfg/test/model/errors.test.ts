import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import {
  describeKind,
  errorCode,
  invalid,
  isWireGuardError,
  WireGuardError,
} from '../../src/model/errors.js'
import { SecretKey } from '../../src/model/key.js'
import { everyText, partsOf } from './faults.js'

describe('WireGuardError', () => {
  it.each([
    ['a summary alone', {}, 'bad thing'],
    ['an operation', { operation: 'read device' }, 'read device: bad thing'],
    ['a device', { device: 'wg0' }, '"wg0": bad thing'],
    ['both', { operation: 'read device', device: 'wg0' }, 'read device "wg0": bad thing'],
    ['a path', { path: 'peers[0].endpoint' }, 'peers[0].endpoint: bad thing'],
    [
      'a detail',
      { detail: 'Attribute failed policy validation' },
      'bad thing (Attribute failed policy validation)',
    ],
    ['a hint', { hint: 'Load the module' }, 'bad thing. Load the module'],
    ['nothing applied', { applied: 0 }, 'bad thing; 0 peers had already been applied'],
    ['one peer applied', { applied: 1 }, 'bad thing; 1 peer had already been applied'],
    ['some peers applied', { applied: 12 }, 'bad thing; 12 peers had already been applied'],
    ['unknown effect', { applied: 'unknown' as const }, 'bad thing; an unknown part was applied'],
    ['a strange device name', { device: 'a\nb' }, '"a\\nb": bad thing'],
    ['a peer, which is not part of the message', { peer: 'x' }, 'bad thing'],
    [
      'everything',
      { operation: 'set', device: 'wg0', path: 'p', applied: 2, detail: 'd', hint: 'H' },
      'set "wg0": p: bad thing; 2 peers had already been applied (d). H',
    ],
  ])('composes its message of %s', (_, init, message) => {
    const error = new WireGuardError('bad thing', { ...init, code: 'EINVAL' })
    expect(error.message).toBe(message)
    expect(error).toMatchObject({ ...init, code: 'EINVAL', name: 'WireGuardError' })
    expect(error).toBeInstanceOf(Error)
    expect(inspect(error)).toContain(`WireGuardError: ${message}`)
  })

  it('is an AbortError when the caller aborted', () => {
    const error = new WireGuardError('aborted', { code: 'ABORT_ERR', cause: 'why' })
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'why' })
  })

  it('has a cause only when there is one', () => {
    expect('cause' in invalid('bad thing')).toBe(false)
    expect('cause' in invalid('bad thing', { cause: undefined })).toBe(false)
    expect(invalid('bad thing', { cause: null }).cause).toBeNull()
  })
})

describe('with', () => {
  const inner = invalid('bad thing', { path: 'listenPort', cause: 'why' })

  it('adds the missing properties and keeps the others', () => {
    const outer = inner.with({
      operation: 'configure device',
      device: 'wg0',
      path: 'other',
      hint: 'Try again',
    })
    expect(outer.message).toBe('configure device "wg0": listenPort: bad thing. Try again')
    expect(outer).toMatchObject({ code: 'EINVAL', device: 'wg0', path: 'listenPort', cause: 'why' })
    expect(outer.with({ device: 'wg1', applied: 3 }).message).toBe(
      'configure device "wg0": listenPort: bad thing; 3 peers had already been applied. Try again',
    )
  })

  it('returns the same error when there is nothing to add', () => {
    expect(inner.with({ path: 'other', device: undefined })).toBe(inner)
  })

  it('does not change the error itself', () => {
    inner.with({ device: 'wg0' })
    expect(inner.message).toBe('listenPort: bad thing')
    expect(inner.device).toBeUndefined()
  })

  it('prefers 0 applied peers to unknown', () => {
    expect(invalid('bad thing', { applied: 0 }).with({ applied: 'unknown' }).applied).toBe(0)
  })

  it('keeps the stack, under the new message', () => {
    const error = invalid('costs $& and $1')
    const outer = error.with({ device: '$&' })
    expect(outer.stack).toContain('WireGuardError: "$&": costs $& and $1\n')
    expect(frames(outer.stack)).toEqual(frames(error.stack))
    expect(frames(outer.stack).length).toBeGreaterThan(0)
  })

  it('keeps the name of an abort', () => {
    const error = new WireGuardError('aborted', { code: 'ABORT_ERR' })
    expect(error.with({ device: 'wg0' }).name).toBe('AbortError')
  })
})

describe('isWireGuardError', () => {
  it.each([
    ['an error of this class', invalid('bad thing'), true],
    ['an error of another copy of the class', errorOfAnotherCopy('WireGuardError'), true],
    ['an abort of another copy of the class', errorOfAnotherCopy('AbortError'), true],
    ['an error of Node', Object.assign(new Error('x'), { code: 'EINVAL' }), false],
    ["Node's AbortError", new DOMException('x', 'AbortError'), false],
    ['undefined', undefined, false],
    ['null', null, false],
    ['text', 'WireGuardError', false],
    ['an object', {}, false],
  ])('%s: %p is %s', (_, error, expected) => expect(isWireGuardError(error)).toBe(expected))
})

describe('errorCode', () => {
  it.each([
    ['an error of the system', Object.assign(new Error('x'), { code: 'ENOENT' }), 'ENOENT'],
    ['an object of another realm', { code: 'EMFILE' }, 'EMFILE'],
    ['one of ours', invalid('bad thing'), 'EINVAL'],
    ['nothing', undefined, 'EIO'],
    ['null', null, 'EIO'],
    ['text', 'EPERM', 'EIO'],
    ['an object without a code', {}, 'EIO'],
    ['a number as code', { code: 5 }, 'EIO'],
    ['a key as code', { code: SecretKey.generatePrivate().toBase64() }, 'EIO'],
    ['capital digits as code', { code: 'A1'.repeat(32) }, 'EIO'],
  ])('of %s', (_, error, expected) => {
    expect(errorCode(error)).toBe(expected)
  })

  it('is what the caller says when there is none', () => {
    expect(errorCode(new Error('x'), 'unknown error')).toBe('unknown error')
  })
})

describe('a key in the parts of an error', () => {
  const key = SecretKey.generatePrivate()

  it.each([
    ['in base64', key.toBase64()],
    ['in hexadecimal', key.toHex()],
    ['with a character missing', key.toBase64().slice(1)],
  ])('is hidden %s, whatever the part', (_, text) => {
    const error = new WireGuardError(`bad thing ${text}`, {
      code: 'EINVAL',
      operation: `read ${text}`,
      device: text,
      path: `peers[${text}]`,
      detail: `line 1: ${text}`,
      hint: `Remove ${text}`,
      cause: systemError(text),
    })
    for (const shown of [error, error.with({ applied: 1 })]) {
      expect(partsOf(text, everyText(shown))).toEqual([])
      expect(shown.message).toContain('bad thing (hidden)')
      expect(shown.device).toBe('(hidden)')
    }
  })

  it('is hidden in the causes of a cause', () => {
    const outer = new Error('outer', { cause: systemError(key.toBase64()) })
    const { cause } = invalid('bad thing', { cause: outer })
    expect(cause).toMatchObject({
      message: 'outer',
      cause: { message: "ENOENT: no such file, open '(hidden)'", code: 'ENOENT', syscall: 'open' },
    })
    expect(partsOf(key.toBase64(), everyText(cause))).toEqual([])
  })

  it('is hidden in every property of a cause', () => {
    const text = key.toBase64()
    const odd = Object.assign(new Error(text), {
      name: text,
      code: text,
      syscall: text,
      host: text,
    })
    const error = invalid('bad thing', { cause: odd })
    expect(partsOf(text, everyText(error.cause))).toEqual([])
  })

  it('leaves a cause alone that has none, and one that is its own', () => {
    const cause: Error & { cause?: unknown } = new Error('x', { cause: systemError('/etc/passwd') })
    expect(invalid('bad thing', { cause }).cause).toBe(cause)
    cause.cause = cause
    expect(invalid('bad thing', { cause }).message).toBe('bad thing')
  })

  it('leaves the reason of an abort to the caller', () => {
    const reason = new Error(key.toBase64())
    expect(new WireGuardError('aborted', { code: 'ABORT_ERR', cause: reason }).cause).toBe(reason)
  })

  it('may be the public key of a peer', () => {
    const peer = key.publicKey()
    expect(invalid('bad thing', { peer }).peer).toBe(peer)
  })
})

describe('the kind of an interface', () => {
  it.each([
    [undefined, 'an interface without a link kind'],
    ['tun', 'an interface of kind "tun"'],
  ])('%s', (kind, expected) => expect(describeKind(kind)).toBe(expected))
})

function systemError(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file, open '${path}'`), {
    errno: -2,
    code: 'ENOENT',
    syscall: 'open',
    path,
    spawnargs: ['--foreground', path],
  })
}

/** The lines of a stack below the message. */
function frames(stack: string | undefined): string[] {
  return (stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
}

function errorOfAnotherCopy(name: string): Error {
  return Object.assign(new Error('x'), { name, code: 'EINVAL', applied: undefined })
}
