import { describe, expect, it } from '@jest/globals'
import { KEYS, keyAt } from '../../src/uapi/reply-keys.js'
import { bytesOf } from '../support/replies.js'

function lookUp(text: string): unknown {
  return keyAt(bytesOf(text), 0, text.length)
}

describe('keyAt', () => {
  // Two keys of one slot would hide each other.
  it.each(Object.keys(KEYS))('finds %s, by identity', (name) => {
    const known = KEYS[name as keyof typeof KEYS]
    expect(known.name).toBe(name)
    expect(lookUp(name)).toBe(known)
  })

  it.each(Object.keys(KEYS))(
    'finds %s inside more bytes, and nothing shorter or longer',
    (name) => {
      const bytes = bytesOf(`x${name}=${name}`)
      expect(keyAt(bytes, 1, 1 + name.length)).toBe(KEYS[name as keyof typeof KEYS])
      expect(keyAt(bytes, 1, name.length)).toBeUndefined()
      expect(keyAt(bytes, 1, 2 + name.length)).toBeUndefined()
      expect(keyAt(bytes, 0, name.length)).toBeUndefined()
    },
  )

  it.each(Object.keys(KEYS))('does not find %s when one letter differs', (name) => {
    for (let i = 0; i < name.length; i++) {
      for (const other of ['\0', 'A', '~', '\xff', name[i]!.toUpperCase()]) {
        if (other === name[i]) continue
        expect(lookUp(name.slice(0, i) + other + name.slice(i + 1))).toBeUndefined()
      }
    }
  })

  it.each([
    ['no letters', ''],
    ['a key of gotatun', 'daita_enable'],
    ['32 letters more than a key', `${'e'.repeat(32)}errno`],
    ['a long key', 'p'.repeat(10_000)],
    ['a name of Object.prototype', 'constructor'],
  ])('finds no other key: %s', (_, text) => {
    expect(lookUp(text)).toBeUndefined()
  })

  it('reads nothing past the bytes', () => {
    const bytes = bytesOf('errn')
    expect(keyAt(bytes, 0, 5)).toBeUndefined()
    expect(keyAt(bytes, 4, 9)).toBeUndefined()
    expect(keyAt(bytes, 3, 1)).toBeUndefined()
  })
})
