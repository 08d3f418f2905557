import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { addPeer, formatConf, parseConf, type Conf } from '../../src/conf.js'
import { thrown } from '../model/faults.js'
import { confText } from './arbitrary.js'
import { KEY_A, KEY_B, PSK } from './wg-cases.js'

const FILE = `# top
[Interface] # main
  ListenPort = 1 # was 2
  address=10.0.0.1/24
  Address = 10.0.1.1/24

# Client: alice
[Peer]
PublicKey = ${KEY_A}
AllowedIPs = 10.0.0.2 # one
# end alice

# ---- site B ----

[Peer]
PublicKey = ${KEY_B}
`

describe('edits', () => {
  it.each<[string, (conf: Conf) => unknown, ...[from: string, to: string]]>([
    ['set keeps the comment', (c) => c.set('ListenPort', '5'), '= 1 # was', '= 5 # was'],
    ['set in any case', (c) => c.set('LISTENPORT', '5'), '= 1 # was', '= 5 # was'],
    ['set to what it is', (c) => c.set('ListenPort', '1'), '', ''],
    [
      'set adds after the last entry, in the style of its neighbours',
      (c) => c.set('FwMark', '7'),
      '  Address = 10.0.1.1/24\n',
      '  Address = 10.0.1.1/24\n  FwMark = 7\n',
    ],
    [
      'set several lines to fewer',
      (c) => c.set('Address', '10.0.5.1/24'),
      '  address=10.0.0.1/24\n  Address = 10.0.1.1/24\n',
      '  address=10.0.5.1/24\n',
    ],
    [
      'set several lines to more',
      (c) => c.set('Address', ['10.0.0.1/24', 'a', 'b']),
      '10.0.1.1/24\n',
      'a\n  Address = b\n',
    ],
    [
      'add follows the last entry of the key',
      (c) => c.add('ListenPort', '3'),
      '# was 2\n',
      '# was 2\n  ListenPort = 3\n',
    ],
    ['unset', (c) => c.unset('listenPort'), '  ListenPort = 1 # was 2\n', ''],
    ['set to nothing', (c) => c.set('ListenPort', []), '  ListenPort = 1 # was 2\n', ''],
    ['unset what is not there', (c) => c.unset('MTU'), '', ''],
    [
      'a key of a peer',
      (c) => c.peer(KEY_A)?.set('PersistentKeepalive', '25'),
      '# one\n',
      '# one\nPersistentKeepalive = 25\n',
    ],
    [
      'a hook may hold a #',
      (c) => c.add('PostUp', 'echo "#"'),
      '1.1/24\n',
      '1.1/24\n  PostUp = echo "#"\n',
    ],
    [
      'add a comment',
      (c) => c.peer(KEY_B)?.addComment('x'),
      `[Peer]\nPublicKey = ${KEY_B}`,
      `[Peer]\n# x\nPublicKey = ${KEY_B}`,
    ],
    [
      'remove a peer with its comments, and nothing after the empty line',
      (c) => c.removePeer(KEY_A),
      `# Client: alice\n[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = 10.0.0.2 # one\n# end alice\n\n`,
      '',
    ],
    [
      'remove the last peer, with the empty line above it',
      (c) => c.removePeer(KEY_B),
      `\n[Peer]\nPublicKey = ${KEY_B}\n`,
      '',
    ],
    [
      'add a peer and remove it',
      (c) => {
        addPeer(c, { publicKey: PSK, name: 'x' })
        c.removePeer(PSK)
      },
      '',
      '',
    ],
  ])('%s', (_, edit, from, to) => {
    const conf = parseConf(FILE)
    edit(conf)
    expect(FILE).toContain(from)
    expect(formatConf(conf)).toBe(FILE.replace(from, to))
  })

  it('treat the # of a hook as part of its value', () => {
    const conf = parseConf('[Interface]\nPostUp = echo "#1" # b\n')
    expect(conf.get('PostUp')).toBe('echo "#1" # b')
    conf.set('PostUp', 'true')
    expect(formatConf(conf)).toBe('[Interface]\nPostUp = true\n')
  })

  it('return whether there was something to remove', () => {
    const conf = parseConf(FILE)
    expect([conf.unset('MTU'), conf.unset('ListenPort')]).toEqual([false, true])
    expect([conf.removePeer(PSK), conf.removePeer(KEY_A)]).toEqual([false, true])
  })

  it('add an [Interface] at the top when there is none', () => {
    const conf = parseConf(`# x\n\n[Peer]\nPublicKey = ${KEY_A}\n`)
    expect(conf.get('MTU')).toBeUndefined()
    conf.set('MTU', '1400')
    expect(formatConf(conf)).toBe(
      `# x\n\n[Interface]\nMTU = 1400\n\n[Peer]\nPublicKey = ${KEY_A}\n`,
    )
  })

  it.each(['', '# x\n'])('keep a byte order mark at the top of the file, above %j', (comment) => {
    const conf = parseConf(`\uFEFF${comment}[Peer]\nPublicKey = ${KEY_A}\n`)
    conf.set('MTU', '1400')
    expect(formatConf(conf)).toBe(
      `\uFEFF[Interface]\nMTU = 1400\n\n${comment}[Peer]\nPublicKey = ${KEY_A}\n`,
    )
    const read = parseConf(formatConf(conf))
    expect([read.get('MTU'), read.peers.length]).toEqual(['1400', 1])
  })

  it('change the effective [Interface] of several', () => {
    const conf = parseConf('[Interface]\nMTU = 1\nTable = off\n[Interface]\nMTU = 2\n')
    conf.set('MTU', '3')
    expect(formatConf(conf)).toBe('[Interface]\nTable = off\n[Interface]\nMTU = 3\n')
  })

  it('use the line ending of the file, and end a last line that has no line ending', () => {
    const conf = parseConf(`[Interface]\r\n\tMTU=1`)
    conf.add('Address', '10.0.0.1/8')
    addPeer(conf, { publicKey: KEY_A })
    expect(formatConf(conf)).toBe(
      `[Interface]\r\n\tMTU=1\r\n\tAddress=10.0.0.1/8\r\n\r\n[Peer]\r\n\tPublicKey=${KEY_A}\r\n`,
    )
  })

  it.each([
    ['a line feed', '1\nPostUp = evil'],
    ['a carriage return', '1\rx'],
    ['a NUL', '1\0'],
    ['a comment sign', '1 # x'],
    ['nothing', ''],
    ['white space', ' \t'],
  ])('refuse a value with %s', (_, value) => {
    const conf = parseConf('[Interface]\nListenPort = 1\n')
    for (const edit of [() => conf.set('ListenPort', value), () => conf.add('ListenPort', value)]) {
      expect(thrown(edit)).toMatchObject({ code: 'EINVAL' })
    }
    expect(formatConf(conf)).toBe('[Interface]\nListenPort = 1\n')
  })

  it('never quote the value that they refuse', () => {
    const error = thrown(() => parseConf('[Interface]\n').set('PrivateKey', `${PSK}\n`))
    expect(error.message).not.toContain(PSK.slice(0, 8))
  })

  it.each(['', 'a b', 'a=b', '[Peer]', 'a\nb', '#a'])('refuse the key %j', (key) => {
    expect(thrown(() => parseConf('').set(key, '1'))).toMatchObject({ code: 'EINVAL' })
  })

  it.each(['a\nb', 'a\r', '\0'])('refuse the comment %j', (text) => {
    const section = parseConf('[Peer]\n').peers[0]
    expect(thrown(() => section?.addComment(text))).toMatchObject({ code: 'EINVAL' })
  })

  it('touch only lines of the key, in any file', () => {
    fc.assert(
      fc.property(confText, (text) => {
        fc.pre(parseConf(text).get('ListenPort') !== undefined)
        const conf = parseConf(text)
        conf.set('ListenPort', '7')
        const after = formatConf(conf)
        expect(others(after)).toBe(others(text))
        expect(parseConf(after).getAll('ListenPort')).toEqual(['7'])
      }),
      runs(500),
    )
  })
})

/**
 * The lines of other keys than ListenPort. The last one may have got a line ending, or have been
 * removed with a line of ListenPort.
 */
function others(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^listenport=/i.test(line.replaceAll(/[ \t\v\f\r\uFEFF]/g, '')))
    .join('\n')
    .trimEnd()
}
