import { describe, expect, it } from '@jest/globals'
import {
  type Choice,
  chosenRows,
  INITIAL,
  keysOf,
  press,
  type Sort,
} from '../../../src/cli/watch/choice.js'
import type { Row } from '../../../src/cli/watch/live.js'
import { publicKeyOf } from '../../../../../test-fixtures/sample.js'

function row(fields: Partial<Row>): Row {
  return {
    device: 'wg0',
    publicKey: publicKeyOf(1),
    name: undefined,
    endpoint: '',
    isConnected: false,
    handshakeAge: undefined,
    receiveRate: 0,
    transmitRate: 0,
    receiveBytes: 0,
    transmitBytes: 0,
    ...fields,
  }
}

const ROWS = [
  row({ name: 'c', endpoint: '192.0.2.3:1', handshakeAge: 5, receiveRate: 2, receiveBytes: 1 }),
  row({
    name: 'a',
    device: 'wg1',
    endpoint: '[2001:db8::1]:1',
    transmitRate: 1,
    isConnected: true,
  }),
  row({ name: 'B', handshakeAge: 1, receiveRate: 1, receiveBytes: 5, transmitBytes: 7 }),
]

const pressed = (...keys: string[]): Choice =>
  keys.reduce<Choice>((choice, key) => {
    const effect = press(key, choice, 10)
    if (typeof effect === 'string') throw new Error(effect)
    return effect
  }, INITIAL)
const namesAfter = (...keys: string[]) => chosenRows(ROWS, pressed(...keys)).map(({ name }) => name)

describe('keys', () => {
  it.each<[string, string[]]>([
    ['i', ['B', 'c', 'a']],
    ['n', ['B', 'a', 'c']],
    ['e', ['B', 'c', 'a']],
    ['h', ['B', 'c', 'a']],
    ['r', ['c', 'B', 'a']],
    ['t', ['a', 'B', 'c']],
    ['R', ['B', 'c', 'a']],
    ['T', ['B', 'c', 'a']],
  ])('%s sorts', (key, names) => {
    expect(namesAfter(key)).toEqual(names)
    expect(namesAfter(key, 'v')).toEqual(names.toReversed())
  })

  it('choose those that are connected, and those with a text', () => {
    expect(namesAfter('c')).toEqual(['a'])
    expect(namesAfter('c', 'c')).toEqual(['B', 'c', 'a'])
    // While a filter is typed, letters are text.
    expect(namesAfter('/', 'W', 'g', '1')).toEqual(['a'])
    expect(namesAfter('/', 'q', '\u007F', '2', '0', '0', '1', '\r')).toEqual(['a'])
    expect(namesAfter('/', 'x', '\u001B')).toEqual(['B', 'c', 'a'])
    expect(namesAfter('/', 'x', '\r', '\u001B')).toEqual(['B', 'c', 'a'])
    expect(pressed('/', '\u001B[A', '\u0007', '\t')).toMatchObject({ filter: '', isTyping: true })
    expect(namesAfter('/', ...Array.from(publicKeyOf(1).slice(0, 8)))).toHaveLength(3)
  })

  it('scroll', () => {
    expect(pressed('j', 'j', 'k').top).toBe(1)
    expect(pressed('k').top).toBe(0)
    expect(pressed('\u001B[6~', ' ', '\u001B[5~').top).toBe(10)
    expect(pressed('G').top).toBe(Infinity)
    expect(pressed('G', 'g').top).toBe(0)
  })

  it('end, suspend and redraw, also while a filter is typed', () => {
    for (const choice of [INITIAL, pressed('/')]) {
      expect(press('\u0003', choice, 1)).toBe('quit')
      expect(press('\u001A', choice, 1)).toBe('suspend')
      expect(press('\f', choice, 1)).toBe('redraw')
    }
    expect(press('q', INITIAL, 1)).toBe('quit')
    expect(press('q', pressed('/'), 1)).toMatchObject({ filter: 'q' })
  })

  it('that come together are told apart', () => {
    expect(keysOf('a\u001B[A\u001B[5~\u001BOPé\u001B')).toEqual([
      'a',
      '\u001B[A',
      '\u001B[5~',
      '\u001BOP',
      'é',
      '\u001B',
    ])
    expect(keysOf('')).toEqual([])
  })
})

it('rows without a difference keep their order', () => {
  const same = Array.from({ length: 50 }, (_, i) => row({ publicKey: publicKeyOf(i) }))
  const sorts: readonly Sort[] = ['handshake', 'received/s', 'sent']
  const orders = sorts.map((sort) => chosenRows(same.toReversed(), { ...INITIAL, sort }))
  for (const order of orders) expect(order).toEqual(chosenRows(same, INITIAL))
})
