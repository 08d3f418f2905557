import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { invalid, isWireGuardError, WireGuardError } from '../../src/model/errors.js'
import { quote } from '../../src/model/quote.js'
import { SecretKey } from '../../src/model/key.js'
import { partsOf } from './faults.js'

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

describe('quote', () => {
  it.each([
    ['text', 'wg0', '"wg0"'],
    ['quotes', 'a"b', '"a\\"b"'],
    ['a newline and a NUL', 'a\nb\0', '"a\\nb\\u0000"'],
    ['a terminal escape', '\u001b[31m', '"\\u001b[31m"'],
    ['a terminal escape in one character', 'a\u009b31m', '"a\\u{9b}31m"'],
    ['delete', 'a\u007f', '"a\\u{7f}"'],
    ['a change of direction', 'a\u202eb', '"a\\u{202e}b"'],
    ['a line separator', 'a\u2028b', '"a\\u{2028}b"'],
    ['a lone surrogate', 'a\ud800', '"a\\ud800"'],
    ['other letters', 'dä\u{1f600}', '"dä\u{1f600}"'],
    ['no text', '', '""'],
    ['null', null, 'null'],
    ['undefined', undefined, 'a value of type undefined'],
    ['an object', { text: 'x' }, 'a value of type object'],
    ['a symbol', Symbol('x'), 'a value of type symbol'],
  ])('%s', (_, value, expected) => expect(quote(value)).toBe(expected))

  it('cuts long text', () => {
    expect(quote('ab.'.repeat(1000))).toBe(`"${'ab.'.repeat(1000).slice(0, 80)}…"`)
  })

  it('hides text that looks like a key, wherever it starts', () => {
    const key = SecretKey.generatePreshared()
    for (const text of [
      key.toBase64(),
      key.toHex(),
      key.toHex().toUpperCase(),
      key.toBase64().slice(0, 42),
    ]) {
      for (let before = 0; before <= 80; before++) {
        expect(partsOf(text, quote(`${'.'.repeat(before)}${text}`))).toEqual([])
      }
    }
  })

  it('does not hide addresses and names', () => {
    const address = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'
    expect(quote(address)).toBe(`"${address}"`)
    const name = 'internal-a1b2c3d4e5f6-1234567890.eu-central-1.elb.example.com:51820'
    expect(quote(name)).toBe(`"${name}"`)
  })
})

/** The lines of a stack below the message. */
function frames(stack: string | undefined): string[] {
  return (stack ?? '').split('\n').filter((line) => line.startsWith('    at '))
}

function errorOfAnotherCopy(name: string): Error {
  return Object.assign(new Error('x'), { name, code: 'EINVAL', applied: undefined })
}
