import { describe, expect, it } from '@jest/globals'
import {
  checkInterfaceName,
  checkPortableInterfaceName,
  isPortableInterfaceName,
} from '../../src/model/interface-name.js'
import { thrown } from './faults.js'

// Given to Linux 6.18 by SIOCSIFNAME, which took or refused each as the table says (a NUL, 16 bytes
// and % never get that far).
const NAMES: [name: string, kernel: boolean, portable: boolean][] = [
  ['wg0', true, true],
  ['a', true, true],
  ['abcdefghijklmno', true, true],
  ['wg_=+.-0', true, true],
  ['...', true, true],
  ['-wg', true, true],
  ['wg%d', true, false],
  ['wg@0', true, false],
  ['wg"0', true, false],
  ['w\u00e40', true, false],
  ['\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4', true, false],
  ['w\u20030', true, false],
  ['w\u30000', true, false],
  ['w\x010', true, false],
  ['w\x1c0', true, false],
  ['w\x7f0', true, false],
  ['', false, false],
  ['.', false, false],
  ['..', false, false],
  ['abcdefghijklmnop', false, false],
  ['\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4', false, false],
  ['../x', false, false],
  ['a/b', false, false],
  ['/', false, false],
  ['a:b', false, false],
  ['a b', false, false],
  ['wg0 ', false, false],
  ['wg0\n', false, false],
  ['\nwg0', false, false],
  ['a\tb', false, false],
  ['a\x0bb', false, false],
  ['a\fb', false, false],
  ['a\rb', false, false],
  ['wg0\0', false, false],
  ['wg0\0x', false, false],
  ['w\u00e00', false, false],
  ['w\u00a00', false, false],
]

describe('checkInterfaceName', () => {
  it.each(NAMES)('%j: accepted by the kernel is %s', (name, kernel) => {
    if (kernel) {
      expect(checkInterfaceName(name)).toBe(name)
      return
    }
    const error = thrown(() => checkInterfaceName(name))
    expect(error.code).toBe('EINVAL')
    expect(error.message).toMatch(/^interface name ".*": expected /)
    expect(error.message).not.toMatch(/[\n\0]/)
  })
})

describe('checkPortableInterfaceName', () => {
  it.each(NAMES.map(([name, , portable]) => ({ name, portable })))(
    '$name: accepted by wg-quick is $portable',
    ({ name, portable }) => {
      expect(isPortableInterfaceName(name)).toBe(portable)
      if (portable) expect(checkPortableInterfaceName(name)).toBe(name)
      else expect(thrown(() => checkPortableInterfaceName(name)).code).toBe('EINVAL')
    },
  )
})

describe.each([
  ['checkInterfaceName', checkInterfaceName],
  ['checkPortableInterfaceName', checkPortableInterfaceName],
])('%s', (_, check) => {
  it.each([undefined, null, 5, ['wg0'], { toString: () => 'wg0' }])(
    'refuses a value that is not text: %p',
    (value) => {
      expect(thrown(() => check(value as string)).message).toMatch(/expected a string/)
    },
  )

  it('cuts a long name in its message', () => {
    expect(thrown(() => check('ä '.repeat(1_000_000))).message.length).toBeLessThan(200)
  })
})

describe('isPortableInterfaceName', () => {
  it('is false for a value that is not text', () => {
    expect(isPortableInterfaceName(['wg0'] as unknown as string)).toBe(false)
  })
})
