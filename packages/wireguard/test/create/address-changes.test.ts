import { expect, it } from '@jest/globals'
import { addressChanges } from '../../src/create/address-changes.js'

const NONE = { reset: [], added: [], removed: [] }

it.each<[string, string[], string[], object]>([
  ['nothing', [], [], NONE],
  ['the same in other words', ['fd00::1/128', '10.0.0.1/24'], ['10.0.0.1/24', 'FD00:0::1'], NONE],
  ['the same twice', ['10.0.0.1/32'], ['10.0.0.1', '10.0.0.1/32'], NONE],
  ['a link-local one that is there', ['fe80::1/64', 'febf::1/10'], [], NONE],
  ['a link-local one that is wanted', [], ['fe80::1/64'], { ...NONE, added: ['fe80::1/64'] }],
  [
    'others',
    ['10.0.0.1/24', 'fd00::1/64'],
    ['10.0.0.2/24', 'fd00::1/64'],
    { reset: [], added: ['10.0.0.2/24'], removed: ['10.0.0.1/24'] },
  ],
  [
    'another length of IPv6, which the kernel has once',
    ['fd00::1/64'],
    ['fd00::1/48'],
    { reset: ['fd00::1/64'], added: ['fd00::1/48'], removed: [] },
  ],
  [
    'another length of IPv4, which it may have twice',
    ['10.0.0.1/24'],
    ['10.0.0.1/16'],
    { reset: [], added: ['10.0.0.1/16'], removed: ['10.0.0.1/24'] },
  ],
])('%s', (_, current, wanted, changes) => {
  expect(addressChanges(current, wanted)).toEqual(changes)
})
