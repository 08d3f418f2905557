import { describe, expect, it } from '@jest/globals'
import { stripConf } from '../../src/conf.js'
import { thrown } from '../model/faults.js'

// What wg-quick strip prints is compared with the real one in differential.test.ts.
describe('stripConf', () => {
  it.each([
    ['an empty file', '', '\n'],
    [
      'keys of wg-quick',
      '[Interface]\nAddress = x\nListenPort = 1\nDNS=y\n',
      '[Interface]\nListenPort = 1\n\n',
    ],
    ['such a key without a value', '[Interface]\nMTU\n', '[Interface]\n\n'],
    ['such a key outside of [Interface]', '[Peer]\nMTU = 1\n', '[Peer]\nMTU = 1\n\n'],
    ['such a key after a bracket', '[Interface]\n[x\nMTU = 1\n', '[Interface]\n[x\nMTU = 1\n\n'],
    [
      'comments and indentation',
      ' # a \n\t[interface]\n  mtu = 1\n  FwMark = 1 \n',
      '# a\n[interface]\nFwMark = 1\n\n',
    ],
    ['CRLF', '[Interface]\r\nMTU = 1\r\nFwMark = 1 \r\n', '[Interface]\r\nFwMark = 1 \r\n\n'],
    ['no final newline', '[Interface]\nFwMark = 1', '[Interface]\nFwMark = 1\n\n'],
    ['a last line of spaces', '[Interface]\n  ', '[Interface]\n\n'],
    ['a NUL', '[Interface]\nFw\0Mark = 1\n', '[Interface]\nFwMark = 1\n\n'],
  ])('%s', (_, text, wanted) => {
    expect(stripConf(text)).toBe(wanted)
  })

  it('fails where wg-quick does, and reports the place', () => {
    expect(thrown(() => stripConf('[Interface]\nSaveConfig = maybe # x\n'))).toMatchObject({
      code: 'EINVAL',
      detail: 'line 2, column 14, key SaveConfig',
    })
  })
})
