import { describe, expect, it } from '@jest/globals'
import { addPeer, formatConf, parseConf, peerName, setPeerName } from '../../src/conf.js'
import { thrown } from '../model/faults.js'
import { KEY_A } from './wg-cases.js'

const named = (text: string) => parseConf(text).peers.map((section) => peerName(section))

describe('peerName', () => {
  it.each([
    ['friendly_name inside', '[Peer]\n# friendly_name = Bob\n', 'Bob'],
    ['friendly_name above', '#friendly_name=Bob\n[Peer]\n', 'Bob'],
    ['Name', '[Peer]\nPublicKey = x\n  # Name = Bob the 2nd \n', 'Bob the 2nd'],
    ['Client with a colon', '# Client: Bob the 2nd\n[Peer]\n', 'Bob the 2nd'],
    ['Client and its number (wg-easy)', '# Client: Bob (1) (12)\n[Peer]\n', 'Bob (1)'],
    [
      'Client and its UUID (wg-easy)',
      '# Client: Bob (6f1ae5d9-7c35-4e0d-9d2c-6a1b7a0ccd10)\n[Peer]\n',
      'Bob',
    ],
    ['#Name# (WGDashboard)', '[Peer]\n#Name# = Custom one\n', 'Custom one'],
    ['BEGIN_PEER', '# BEGIN_PEER anna\n[Peer]\n', 'anna'],
    ['friendly_json', '[Peer]\n# friendly_json={"id":3,"name":"vm \\"02\\""}\n', 'vm "02"'],
    ['friendly_json without a name', '[Peer]\n# friendly_json={"id":3}\n', undefined],
    ['friendly_json that is none', '[Peer]\n# friendly_json={"name":\n', undefined],
    ['DisplayName (wg-portal)', '[Peer]\n# -WGP- DisplayName = Jane\n', 'Jane'],
    ['Peer with a colon', '# Peer: laptop\n[Peer]\n', 'laptop'],
    ['behind the header', '[Peer] # my laptop\nPublicKey = x\n', 'my laptop'],
    ['a form behind the header', '[Peer] # name = laptop\n', 'laptop'],
    ['a form inside before one behind the header', '[Peer] # a\nPublicKey = x\n# Name = b\n', 'b'],
    ['a first line of one word', '[Peer]\n# NL-FREE#241\nPublicKey = x\n', 'NL-FREE#241'],
    ['a first line that is a remark', '[Peer]\n# expires 2027-01-01\n', undefined],
    ['a first line that is a date', '[Peer]\n# 2027-01-01\n', undefined],
    ['a first line that is a disabled entry', '[Peer]\n#Endpoint=x:1\n', undefined],
    ['a word that is not the first line', '[Peer]\nPublicKey = x\n# laptop\nMTU = 1\n', undefined],
    ['a word above', '# laptop\n[Peer]\n', undefined],
    ['Client of one word', '### Client bob\n[Peer]\n', 'bob'],
    ['begin', '### begin bob ###\n[Peer]\n', 'bob'],
    ['the one inside before the one above', '# Name = a\n[Peer]\n# friendly_name = b\n', 'b'],
    ['a sentence about a client', '# client side of the tunnel\n[Peer]\n', undefined],
    ['a comment that is not directly above', '# Name = a\n\n[Peer]\n', undefined],
    ['an empty name', '[Peer]\n# Name =\n', undefined],
    ['a comment after a value', '[Peer]\nPublicKey = x # Name = a\n', undefined],
  ])('%s', (_, text, name) => {
    expect(named(text)).toEqual([name])
  })

  it('never takes a key for a name', () => {
    const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg'
    expect(named(`[Peer]\n# ${key}\nPublicKey = x\n`)).toEqual([undefined])
  })

  it('takes other forms', () => {
    const { peers } = parseConf('# device "phone"\n[Peer]\n# Name = x\n')
    expect(peerName(peers[0]!, { styles: [/^device "(.*)"$/g] })).toBe('x')
    expect(peerName(peers[0]!, { styles: [/^Name = (.)$/y, /^device "(.*)"$/] })).toBe('x')
    const [other] = parseConf('# device "phone"\n[Peer]\n').peers
    expect(peerName(other!, { styles: [/^device "(.*)"$/g] })).toBe('phone')
  })

  it('returns the own name of each peer', () => {
    expect(named('# Name = a\n[Peer]\nPublicKey = x\n# Name = b\n[Peer]\n')).toEqual(['a', 'b'])
  })
})

describe('setPeerName', () => {
  it.each([
    ['changes the comment that names', '[Peer]\n  # Name = a\n', '[Peer]\n  # Name = Bob\n'],
    ['adds one', '[Peer]\nPublicKey = x\n', '[Peer]\n# friendly_name = Bob\nPublicKey = x\n'],
    ['changes the one above', '# Client: a (1)\n[Peer]\n', '# Client: Bob (1)\n[Peer]\n'],
    ['changes #Name#', '[Peer]\n#Name# = a\n', '[Peer]\n#Name# = Bob\n'],
    [
      'changes BEGIN_PEER and END_PEER',
      '# BEGIN_PEER a\n[Peer]\nMTU = 1\n# END_PEER a\n',
      '# BEGIN_PEER Bob\n[Peer]\nMTU = 1\n# END_PEER Bob\n',
    ],
    [
      'changes the name in JSON',
      '[Peer]\n#friendly_json={"name":"a", "x": "a"}\n',
      '[Peer]\n#friendly_json={"name":"Bob", "x": "a"}\n',
    ],
    [
      'changes what is behind the header',
      '[Peer] # a\nPublicKey = x\n',
      '[Peer] # Bob\nPublicKey = x\n',
    ],
    ['changes a form behind the header', '[Peer]  # name=a\n', '[Peer]  # name=Bob\n'],
    ['changes a first line', '[Peer]\n# US-1\nPublicKey = x\n', '[Peer]\n# Bob\nPublicKey = x\n'],
    [
      'changes the name of wg-portal',
      '[Peer]\n# -WGP- DisplayName = a\n',
      '[Peer]\n# -WGP- DisplayName = Bob\n',
    ],
    [
      'changes both ends of a block',
      '### begin a ###\n[Peer]\nPublicKey = x\n### end a ###\n',
      '### begin Bob ###\n[Peer]\nPublicKey = x\n### end Bob ###\n',
    ],
    ['changes the name and not the word', '# name = name\n[Peer]\n', '# name = Bob\n[Peer]\n'],
  ])('%s', (_, text, wanted) => {
    const conf = parseConf(text)
    setPeerName(conf.peers[0]!, 'Bob')
    expect(formatConf(conf)).toBe(wanted)
    expect(conf.peers.map((section) => peerName(section))).toEqual(['Bob'])
  })

  it('writes another form where the existing one cannot hold the name', () => {
    const conf = parseConf('### Client phone\n[Peer]\n')
    setPeerName(conf.peers[0]!, 'Bob the 2nd')
    expect(formatConf(conf)).toBe('### friendly_name = Bob the 2nd\n[Peer]\n')
  })

  it('names the first peer of a file with a byte order mark, above and behind its header', () => {
    for (const text of ['\uFEFF[Peer] # a\nPublicKey = x\n', '\uFEFF# Client: a\n[Peer]\n']) {
      const conf = parseConf(text)
      setPeerName(conf.peers[0]!, 'Bob')
      expect(formatConf(conf)).toBe(text.replace(/a$/m, 'Bob'))
      setPeerName(conf.peers[0]!, 'Anna')
      expect(formatConf(conf)).toBe(text.replace(/a$/m, 'Anna'))
    }
  })

  it('leaves out white space at the ends, as the reader of names does', () => {
    const conf = parseConf('[Peer]\nPublicKey = x\n')
    setPeerName(conf.peers[0]!, ' Bob\u00a0')
    expect(formatConf(conf)).toBe('[Peer]\n# friendly_name = Bob\nPublicKey = x\n')
  })

  it.each(['\u00a0', '', 'a\nb'])('is refused by addPeer before it adds anything: %j', (name) => {
    const conf = parseConf('')
    expect(thrown(() => addPeer(conf, { publicKey: KEY_A, name }))).toMatchObject({
      code: 'EINVAL',
    })
    expect(formatConf(conf)).toBe('')
  })

  it.each([
    ['a word', '[Peer]\n# US-1\nPublicKey = x\n'],
    ['an expression', '# device a\n[Peer]\nPublicKey = x\n'],
    ['a block', '### begin a ###\n[Peer]\nPublicKey = x\n### end a ###\n'],
    ['a header', '[Peer] #a\nPublicKey = x\n'],
    ['JSON', '[Peer]\n# friendly_json = {"name": "a"}\nPublicKey = x\n'],
  ])('reads back any name that it has written: %s', (_, text) => {
    const options = { styles: [/^device (\S+)$/] }
    for (const name of [
      'Bob the 2nd',
      'a = b',
      'x # y',
      '### end x',
      '{"name":"x"}',
      'Name = y',
      '#',
      'x\u2028y',
    ]) {
      const conf = parseConf(text)
      setPeerName(conf.peers[0]!, name, options)
      const read = parseConf(formatConf(conf))
      expect(read.peers.map((section) => peerName(section, options))).toEqual([name])
    }
  })

  it.each(['', ' ', '\u00a0', 'a\nb', 'a\0'])('refuses %j', (name) => {
    const section = parseConf('[Peer]\n').peers[0]!
    expect(thrown(() => setPeerName(section, name))).toMatchObject({ code: 'EINVAL' })
  })
})
