import { describe, expect, it } from '@jest/globals'
import { addPeer, formatConf, parseConf, peerName } from '../../src/conf.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { KEY_A, KEY_B, KEY_C } from './wg-cases.js'

const KEY_D = publicKeyOf(4)

function peer(key: string): string {
  return `[Peer]\nPublicKey = ${key}\n`
}

/** A file of three peers, whose comments the arguments give. */
function file(before: string, afterA: string, afterB: string, afterC: string): string {
  return `[Interface]\nListenPort = 1\n${before}${peer(KEY_A)}${afterA}${peer(KEY_B)}${afterB}${peer(KEY_C)}${afterC}`
}

function without(text: string, key: string): string {
  const conf = parseConf(text)
  expect(conf.removePeer(key)).toBe(true)
  return formatConf(conf)
}

const block = (name: string): [string, string] => [`# BEGIN_PEER ${name}\n`, `# END_PEER ${name}\n`]
const hashes = (name: string): [string, string] => [
  `### begin ${name} ###\n`,
  `### end ${name} ###\n`,
]

describe.each([
  ['BEGIN_PEER and END_PEER', block],
  ['begin and end between hashes', hashes],
])('a block of %s', (_, markers) => {
  const [[beginA, endA], [beginB, endB], [beginC, endC]] = [
    markers('anna'),
    markers('bert'),
    markers('cleo'),
  ]
  const text = file(beginA, endA + beginB, endB + beginC, endC)

  it.each([
    ['the first', KEY_A, beginA, endA],
    ['the middle', KEY_B, beginB, endB],
    ['the last', KEY_C, beginC, endC],
  ])('is removed with %s peer, and no other marker is removed', (_which, key, begin, end) => {
    const section = `${begin}[Peer]\nPublicKey = ${key}\n${end}`
    expect(text).toContain(section)
    expect(without(text, key)).toBe(text.replace(section, ''))
  })
})

describe('comments between two peers', () => {
  const disabled = `#[Peer]\n## friendly_name = bob\n#PublicKey = ${KEY_C}\n#AllowedIPs = 10.0.0.3/32\n`
  const cases: [title: string, between: string, withA: string, withB: string][] = [
    ['a name directly above', '# Bert\n', '', '# Bert\n'],
    ['a name after an empty line', '\n# Bert\n', '\n', '# Bert\n'],
    ['a remark below, and a name above', '# of Anna\n\n# Bert\n', '# of Anna\n\n', '# Bert\n'],
    ['a disabled entry of the first', '#Endpoint = 192.0.2.1:1\n', '#Endpoint = 192.0.2.1:1\n', ''],
    ['a disabled entry and a name', '# MTU = 1\n# Bert\n', '# MTU = 1\n', '# Bert\n'],
    ['a disabled entry below a name', '# Bert\n# MTU = 1\n', '', '# Bert\n# MTU = 1\n'],
    ['a disabled peer', disabled, '', ''],
    ['a disabled peer with its name above', `# Bob\n${disabled}`, '', ''],
    ['a disabled peer, then a name', `${disabled}# Bert\n`, '', '# Bert\n'],
    ['a disabled peer between empty lines', `\n${disabled}\n`, '\n', ''],
    ['a disabled peer in a block', `# BEGIN_PEER bob\n${disabled}# END_PEER bob\n`, '', ''],
    ['a remark between empty lines', '\n# all of them\n\n', '\n', ''],
  ]

  it.each(cases)('%s', (_, between, withA, withB) => {
    const text = file('', between, '', '')
    expect(formatConf(parseConf(text))).toBe(text)
    expect(without(text, KEY_A)).toBe(text.replace(peer(KEY_A) + withA, ''))
    expect(without(text, KEY_B)).toBe(text.replace(withB + peer(KEY_B), ''))
  })

  it('does not give a peer the name of a disabled one', () => {
    const conf = parseConf(file('', disabled, '', ''))
    expect(conf.peers.map((section) => peerName(section))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('a peer at the end', () => {
  const text = file('', '\n', '\n', '')

  it('goes with the empty line above it, also when it was added before the file was read', () => {
    const conf = parseConf(text)
    addPeer(conf, { publicKey: KEY_D })
    expect(without(formatConf(conf), KEY_D)).toBe(text)
    expect(without(text, KEY_C)).toBe(file('', '\n', '', '').replace(peer(KEY_C), ''))
  })

  it('that was added leaves an empty line that was there', () => {
    const conf = parseConf(`${text}\n`)
    addPeer(conf, { publicKey: KEY_D })
    conf.removePeer(KEY_D)
    expect(formatConf(conf)).toBe(`${text}\n`)
  })
})

describe('looking peers up by key', () => {
  it('follows every edit', () => {
    const conf = parseConf(file('', '', '', ''))
    const [a, b, c] = conf.peers
    expect(conf.peer(KEY_B)).toBe(b)
    a!.set('PublicKey', KEY_B)
    expect([conf.peer(KEY_A), conf.peer(KEY_B)]).toEqual([undefined, b])
    b!.set('PublicKey', KEY_A)
    expect([conf.peer(KEY_A), conf.peer(KEY_B)]).toEqual([b, a])
    c!.unset('PublicKey')
    expect(conf.peer(KEY_C)).toBeUndefined()
    const added = conf.addPeerSection()
    added.set('PublicKey', KEY_C)
    expect(conf.peer(KEY_C)).toBe(added)
    conf.removePeer(KEY_C)
    expect(conf.peer(KEY_C)).toBeUndefined()
    added.set('PublicKey', KEY_A)
    expect(conf.peer(KEY_A)).toBe(b)
    expect(conf.peers).toEqual([a, b, c])
  })

  it('removes every section of a key', () => {
    const text = file('', '', '', '')
    const conf = parseConf(text.replace(KEY_B, KEY_A))
    expect(conf.removePeer(KEY_A)).toBe(true)
    expect(conf.removePeer(KEY_A)).toBe(false)
    expect(formatConf(conf)).toBe(`[Interface]\nListenPort = 1\n[Peer]\nPublicKey = ${KEY_C}\n`)
  })
})
