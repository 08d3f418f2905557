import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { checkConf, formatConf, parseConf, peerName } from '../../src/conf.js'
import { isWireGuardError } from '../../src/index.js'
import { thrown } from '../model/faults.js'
import { confText } from './arbitrary.js'
import { KEY_A, KEY_B, KEY_C } from './wg-cases.js'

const FILE = `[Interface]
ListenPort = 1
# BEGIN_PEER anna
[Peer] # anna's phone
  PublicKey = ${KEY_A}
#Endpoint = 192.0.2.1:1
# AllowedIPs = 10.9.0.0/16
# remark

  AllowedIPs = 10.0.0.2/32 # one
# END_PEER anna

# friendly_name = bert
[Peer]
PublicKey = ${KEY_B}
[Peer]
publickey=${KEY_C}
AllowedIPs = 10.0.0.4/32`

describe('disabling a peer', () => {
  it('puts a # before its header and its entries, and leaves remarks alone', () => {
    const conf = parseConf(FILE)
    expect(conf.disablePeer(KEY_A)).toBe(true)
    expect(formatConf(conf)).toBe(
      FILE.replace('[Peer] # anna', '#[Peer] # anna')
        .replace('  PublicKey', '  #PublicKey')
        .replace('#Endpoint', '##Endpoint')
        .replace('  AllowedIPs = 10.0.0.2', '  #AllowedIPs = 10.0.0.2'),
    )
    expect(conf.peer(KEY_A)).toBeUndefined()
    expect(conf.peers).toHaveLength(2)
    expect(checkConf(conf)).toEqual([])
  })

  it.each(permutations([KEY_A, KEY_B, KEY_C]))('is undone by enabling in any order', (...keys) => {
    const conf = parseConf(FILE)
    const results = keys.flatMap((key) => [conf.disablePeer(key), conf.disablePeer(key)])
    expect(results).toEqual([true, false, true, false, true, false])
    const later = parseConf(formatConf(conf))
    expect(conf.peers).toEqual([])
    for (const each of [conf, later]) {
      expect(each.disabledPeers.map((peer) => peer.get('PublicKey'))).toEqual([KEY_A, KEY_B, KEY_C])
      for (const key of keys)
        expect([each.enablePeer(key), each.enablePeer(key)]).toEqual([true, false])
      expect(formatConf(each)).toBe(FILE)
      expect(each.peers.map((peer) => peer.get('PublicKey'))).toEqual([KEY_A, KEY_B, KEY_C])
    }
  })

  it('shows a disabled peer as it is once it is enabled', () => {
    const conf = parseConf(FILE)
    conf.disablePeer(KEY_B)
    const [peer] = conf.disabledPeers
    expect([peer?.get('PublicKey'), peerName(peer!)]).toEqual([KEY_B, 'bert'])
    peer!.set('AllowedIPs', '10.0.0.9/32')
    conf.enablePeer(KEY_B)
    expect(formatConf(conf)).toBe(FILE)
  })

  it('leaves a section that was read before without effect', () => {
    const conf = parseConf(FILE)
    const section = conf.peer(KEY_B)!
    conf.disablePeer(KEY_B)
    section.set('AllowedIPs', '10.0.0.9/32')
    conf.enablePeer(KEY_B)
    expect(formatConf(conf)).toBe(FILE)
    conf.peer(KEY_B)!.set('AllowedIPs', '10.0.0.9/32')
    expect(formatConf(conf)).toContain('10.0.0.9/32')
  })

  it('disables every section of a key, and keeps peers in order', () => {
    const text = FILE.replace(KEY_B, KEY_A)
    const conf = parseConf(text)
    conf.disablePeer(KEY_A)
    expect(conf.disabledPeers).toHaveLength(2)
    conf.enablePeer(KEY_A)
    expect(formatConf(conf)).toBe(text)
    expect(conf.peer(KEY_A)).toBe(conf.peers[1])
  })

  it('goes on when its neighbours are removed or added', () => {
    const conf = parseConf(FILE)
    conf.disablePeer(KEY_B)
    conf.removePeer(KEY_A)
    conf.removePeer(KEY_C)
    conf.addPeerSection().set('PublicKey', KEY_C)
    expect(conf.enablePeer(KEY_B)).toBe(true)
    expect(formatConf(conf)).toBe(
      `[Interface]\nListenPort = 1\n# friendly_name = bert\n[Peer]\nPublicKey = ${KEY_B}\n\n[Peer]\nPublicKey = ${KEY_C}\n`,
    )
  })

  it.each([
    ['an unknown key', `[Peer]\nPublicKey = ${KEY_A}\nFoo = bar\n`, 'not an entry'],
    ['a line that is no entry', `[Peer]\nPublicKey = ${KEY_A}\nfoo\n`, 'not an entry'],
    [
      'a disabled peer of the same key',
      `#[Peer]\n#PublicKey = ${KEY_A}\n\n[Peer]\nPublicKey = ${KEY_A}\n`,
      'same public key',
    ],
    [
      'a disabled entry behind it',
      `[Peer]\nPublicKey = ${KEY_A}\n\n#AllowedIPs = 10.0.0.1/32\n`,
      'look like its entries',
    ],
  ])('refuses %s, and changes nothing', (_, text, message) => {
    const conf = parseConf(text)
    const error = thrown(() => conf.disablePeer(KEY_A))
    expect(error).toMatchObject({ code: 'EINVAL', operation: 'disable peer' })
    expect(error.message).toContain(message)
    expect(formatConf(conf)).toBe(text)
    expect(conf.peer(KEY_A)).toBeDefined()
  })
})

describe('a peer that was disabled by hand', () => {
  const enabled = `# Bob\n[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = 10.0.0.3/32\n# a remark\n`
  const code = /^(\[|[A-Z])/gm

  it.each([
    ['with #', enabled.replace(code, '#$1')],
    ['with # and a space', enabled.replace(code, '# $1')],
    ['by PiVPN', enabled.replace(/^/gm, '#[disabled] ').replace(/#\[disabled\] $/, '')],
  ])('%s is enabled', (_, disabledText) => {
    const conf = parseConf(live(disabledText))
    expect(formatConf(conf)).toBe(live(disabledText))
    expect(conf.disabledPeers.map((peer) => peerName(peer))).toEqual([undefined])
    expect(conf.enablePeer(KEY_B)).toBe(true)
    expect(formatConf(conf)).toBe(live(enabled))
  })

  it('does not go with its neighbours, in the form of PiVPN', () => {
    const block = `### begin bob ###\n[Peer]\nPublicKey = ${KEY_B}\n### end bob ###\n`
    const text = `[Interface]\n### begin anna ###\n[Peer]\nPublicKey = ${KEY_A}\n### end anna ###\n`
    const off = block.replace(/^(?=.)/gm, '#[disabled] ')
    const conf = parseConf(`${text}${off}### begin cleo ###\n[Peer]\nPublicKey = ${KEY_C}\n`)
    conf.removePeer(KEY_A)
    conf.removePeer(KEY_C)
    expect(formatConf(conf)).toBe(`[Interface]\n${off}`)
    expect(conf.disabledPeers.map((peer) => peerName(peer))).toEqual(['bob'])
    conf.enablePeer(KEY_B)
    expect(formatConf(conf)).toBe(`[Interface]\n${block}`)
  })

  it.each([
    ['an [Interface]', '#[Interface]\n#ListenPort = 1\n'],
    ['a peer without a key', '#[Peer]\n#AllowedIPs = 10.0.0.3/32\n'],
    ['a remark about [Peer] sections', '# every [Peer] of the office\n'],
  ])('%s is nothing to enable', (_, between) => {
    const conf = parseConf(live(between))
    expect(conf.enablePeer(KEY_B)).toBe(false)
    expect(formatConf(conf)).toBe(live(between))
  })
})

const LINES = [
  ...[KEY_A, KEY_B, KEY_C].map((key) => `PublicKey = ${key}`),
  '[Peer]',
  '[Peer]',
  '[Peer]',
  '[Interface]',
  '#[Peer]',
  '# [Peer]',
  '#[Interface]',
  '',
  '',
  '# remark',
  '# END_PEER x',
  '# BEGIN_PEER x',
  'AllowedIPs = 10.0.0.1',
  '#MTU = 1',
  '#AllowedIPs = 10.0.0.2',
  '# AllowedIPs = ::',
  '##PublicKey',
  `#PublicKey = ${KEY_A}`,
  '#[disabled] [Peer]',
  `#[disabled] PublicKey = ${KEY_B}`,
  '#[disabled] # x',
]

/** Files of peers with comments and disabled lines in every place. */
const peersText = fc
  .array(fc.constantFrom(...LINES), { maxLength: 20 })
  .map((lines) => lines.join('\n'))

it.each([
  ['two sections of one key', [KEY_A, KEY_A], [KEY_A]],
  ['one peer after the other', [KEY_A, KEY_B], [KEY_A, KEY_B]],
  ['one peer before the other', [KEY_A, KEY_B], [KEY_B, KEY_A]],
])('is refused when a remark above it would become an entry: %s', (_, [one, other], order) => {
  const text = `[Peer]\nPublicKey = ${one}\n# END_PEER x\n#AllowedIPs = 10.0.0.2\n[Peer]\nPublicKey = ${other}\n`
  const conf = parseConf(text)
  const last = order.at(-1)!
  for (const key of order.slice(0, -1)) conf.disablePeer(key)
  const before = formatConf(conf)
  expect(() => conf.disablePeer(last)).toThrow('look like its entries')
  expect(formatConf(conf)).toBe(before)
})

it('is restored to the byte, or refused, whatever the file', () => {
  const keys = fc.shuffledSubarray([KEY_A, KEY_B, KEY_C])
  fc.assert(
    fc.property(
      fc.oneof(peersText, confText),
      keys,
      keys,
      fc.boolean(),
      (text, some, order, reread) => {
        const conf = parseConf(text)
        const removed = parseConf(text)
        const off = new Set<string>()
        for (const key of some) {
          const before = formatConf(conf)
          try {
            if (!conf.disablePeer(key)) continue
            off.add(key)
            removed.removePeer(key)
          } catch (error) {
            expect(isWireGuardError(error) && error.code).toBe('EINVAL')
            expect(formatConf(conf)).toBe(before)
          }
        }
        const configOf = (one: typeof conf) => one.sections.map(({ kind }) => kind)
        expect(configOf(conf)).toEqual(configOf(removed))
        const other = reread ? parseConf(formatConf(conf)) : conf
        expect(configOf(other)).toEqual(configOf(removed))
        for (const key of [...order, ...some]) if (off.delete(key)) other.enablePeer(key)
        expect(formatConf(other)).toBe(text)
      },
    ),
    runs(2000),
  )
})

it('disables and enables many in less than quadratic time', () => {
  const text = Array.from(
    { length: 5000 },
    (_, i) => `[Peer]\nPublicKey = ${keyOf(i)}\nAllowedIPs = fd00::${i.toString(16)}\n`,
  ).join('\n')
  const conf = parseConf(text)
  for (let i = 0; i < 5000; i++) conf.disablePeer(keyOf(i))
  expect(conf.peers).toEqual([])
  for (let i = 0; i < 5000; i++) conf.enablePeer(keyOf(i))
  expect(formatConf(conf)).toBe(text)
})

/** A file of two peers with other lines in between. */
function live(between: string): string {
  return `[Interface]\n[Peer]\nPublicKey = ${KEY_A}\n\n${between}\n[Peer]\nPublicKey = ${KEY_C}\n`
}

function keyOf(i: number): string {
  return Buffer.from(i.toString(16).padStart(64, '0'), 'hex').toString('base64')
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]]
  return list.flatMap((first, i) =>
    permutations(list.toSpliced(i, 1)).map((rest) => [first, ...rest]),
  )
}
