import { describe, expect, it } from '@jest/globals'
import { addPeer, formatConf, parseConf, peerName, setPeerName } from '../../src/conf.js'
import { thrown } from '../model/faults.js'
import { KEY_A } from './wg-cases.js'

const named = (text: string) => parseConf(text).peers.map(peerName)

describe('peerName', () => {
  it.each([
    ['friendly_name inside', '[Peer]\n# friendly_name = Bob\n', 'Bob'],
    ['friendly_name above', '#friendly_name=Bob\n[Peer]\n', 'Bob'],
    ['Name', '[Peer]\nPublicKey = x\n  # Name = Bob the 2nd \n', 'Bob the 2nd'],
    ['Client with a colon', '# Client: Bob (1)\n[Peer]\n', 'Bob (1)'],
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

  it('returns the own name of each peer', () => {
    expect(named('# Name = a\n[Peer]\nPublicKey = x\n# Name = b\n[Peer]\n')).toEqual(['a', 'b'])
  })
})

describe('setPeerName', () => {
  it.each([
    ['changes the comment that names', '[Peer]\n  # Name = a\n', '[Peer]\n  # Name = Bob\n'],
    ['adds one', '[Peer]\nPublicKey = x\n', '[Peer]\n# friendly_name = Bob\nPublicKey = x\n'],
    ['changes the one above', '# Client: a (1)\n[Peer]\n', '# Client: Bob\n[Peer]\n'],
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
    expect(conf.peers.map(peerName)).toEqual(['Bob'])
  })

  it('writes another form where the existing one cannot hold the name', () => {
    const conf = parseConf('### Client phone\n[Peer]\n')
    setPeerName(conf.peers[0]!, 'Bob the 2nd')
    expect(formatConf(conf)).toBe('### friendly_name = Bob the 2nd\n[Peer]\n')
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

  it.each(['', ' ', '\u00a0', 'a\nb', 'a\0'])('refuses %j', (name) => {
    const section = parseConf('[Peer]\n').peers[0]!
    expect(thrown(() => setPeerName(section, name))).toMatchObject({ code: 'EINVAL' })
  })
})
