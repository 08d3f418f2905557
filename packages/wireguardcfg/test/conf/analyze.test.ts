import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { checkConf, parseConf, peerSettings, stripConf } from '../../src/conf.js'
import { toDeviceConfigs } from '../../src/conf/convert.js'
import { wgReport } from '../../src/conf/analyze.js'
import { QUICK_KEYS } from '../../src/conf/keys.js'
import { isWireGuardError } from '../../src/model/errors.js'
import { everyText, expectNoPartOf } from '../model/faults.js'
import { confText } from './arbitrary.js'
import { KEY_A, PSK } from './wg-cases.js'

describe('checkConf', () => {
  it.each<[string, string, object]>([
    [
      'an indented unknown key',
      '[Interface]\n\t Foo = 1\n',
      { line: 2, column: 3, key: undefined },
    ],
    ['a value after spaces', '[Interface]\nMTU =   x\n', { line: 2, column: 9, key: 'MTU' }],
    [
      'the third word of a list',
      '[Interface]\nAddress = 10.0.0.1  , ::1,x\n',
      { column: 27, key: 'Address' },
    ],
    ['a line after CRLF', '[Interface]\r\nMTU = x\r\n', { line: 2, column: 7 }],
    [
      'a byte order mark',
      '\uFEFF\n[Interface]\nMTU = x',
      { severity: 'warning', line: 1, column: 1 },
    ],
    [
      'a byte order mark further down',
      '[Interface]\n\uFEFFMTU = 1',
      { line: 2, wgMessage: "Line unrecognized: `\uFEFFMTU=1'" },
    ],
    ['the usual spelling of a key', '[Interface]\nlistenport = x', { key: 'ListenPort' }],
    [
      'a key of [Interface] in [Peer]',
      `[Peer]\nPublicKey = ${KEY_A}\nAddress = 10.0.0.1`,
      { key: 'Address' },
    ],
    [
      'a header with a tail',
      '[Interface] x\n',
      { line: 1, wgMessage: "Line unrecognized: `[Interface]x'" },
    ],
    [
      'a letter that only Unicode folds',
      '[Interface]\nPrivate\u212Aey = 1\n',
      { line: 2, key: undefined },
    ],
  ])('reports the place of %s', (_, text, problem) => {
    expect(checkConf(text)[0]).toMatchObject({ severity: 'error', ...problem })
  })

  it.each<[string, string, object]>([
    [
      'a public key with a character missing, once',
      `[Peer]\nAllowedIPs = 10.0.0.2/32\nPublicKey = ${KEY_A.slice(1)}\n`,
      { line: 3, key: 'PublicKey' },
    ],
    ['an empty public key, once', '[Peer]\nPublicKey =\n', { line: 2, message: 'empty' }],
    [
      'UTF-16 text, once',
      '\uFFFD\uFFFD[\0I\0n\0t\0e\0r\0f\0a\0c\0e\0]\0\n\0M\0T\0U\0=\0x\0\n\0',
      { line: 1, message: 'UTF-16 text' },
    ],
    [
      'an endpoint without brackets',
      `[Peer]\nPublicKey = ${KEY_A}\nEndpoint = 2001:db8::1:6001\n`,
      { severity: 'warning', line: 3, column: 12, expected: '[2001:db8::1]:6001' },
    ],
    [
      'allowed IPs that white space separates, as they are in the file',
      `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = 10.0.0.0/24 10.1.0.0/24\n`,
      {
        message: '"10.0.0.0/24 10.1.0.0/24" has no prefix length from 0 to 32',
        expected: 'an IPv4 or IPv6 address with an optional /length, separated by commas',
      },
    ],
    [
      'a netmask',
      `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = 10.0.0.0/255.0.0.0\n`,
      { expected: 'an IPv4 or IPv6 address with an optional /length, not a netmask' },
    ],
    [
      'a value with white space in it',
      '[Interface]\nListenPort = 5 x\n',
      {
        message: '"5 x" is not a port number; service names are not looked up',
      },
    ],
  ])('reports %s', (_, text, problem) => {
    expect(checkConf(text)).toEqual([expect.objectContaining(problem)])
  })

  it('ignores a byte order mark, except in the dialect of wg(8)', () => {
    const conf = parseConf(`\uFEFF[Interface]\n[Peer]\nPublicKey = ${KEY_A}\n`)
    expect(peerSettings(conf)).toHaveLength(1)
    expect(() => peerSettings(conf, { dialect: 'wg' })).toThrow('byte order mark')
  })

  it.each([
    ['an empty file', ''],
    ['comments', '# x\n\n'],
    ['white space around everything', '\v[Interface]\f\n MTU\t=\t1 \nListen Port = 1 2'],
  ])('finds nothing in %s', (_, text) => {
    expect(checkConf(text)).toEqual([])
  })

  it('reads nothing below an unknown section', () => {
    expect(checkConf('[Foo]\nbar = 1\nbaz\n')).toHaveLength(1)
  })

  it('sorts by line although wg(8) reports missing keys last', () => {
    const text = '[Peer]\n[Interface]\nListenPort = x\n'
    expect(checkConf(text).map(({ line }) => line)).toEqual([1, 3])
    expect(wgReport(text)).toContain('Servname not supported')
  })
})

describe('secrets', () => {
  it.each([
    ['a key too short', `[Interface]\nPrivateKey = ${PSK.slice(0, 30)}\n`],
    ['a key too long', `[Interface]\nPrivateKey = ${PSK}${PSK}\n`],
    ['a key under another name', `[Interface]\nPrivatKey = ${PSK}\n`],
    ['a short key under another name', `[Interface]\nPSKey = ${PSK.slice(0, 20)}\n`],
    ['a key without a sign', `[Interface]\nPrivateKey ${PSK.slice(0, 20)}\n`],
    ['a key in a line of its own', `[Interface]\nPrivateKey =\n${PSK}\n`],
    ['a key in the wrong section', `[Peer]\nPublicKey = ${KEY_A}\nPrivateKey = ${PSK}\n`],
    ['a key outside of a section', `PresharedKey = ${PSK.slice(0, 20)}\n`],
    ['a key as a port', `[Interface]\nListenPort = ${PSK}\n`],
    ['a key as a mark', `[Interface]\nFwMark = ${PSK}\n`],
    ['a key as an allowed IP', `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = ${PSK}\n`],
    ['a key as an endpoint', `[Peer]\nPublicKey = ${KEY_A}\nEndpoint = ${PSK}:1\n`],
    ['a key as a table', `[Interface]\nTable = ${PSK}\n`],
    ['a key cut off as a public key', `[Peer]\nPublicKey = ${PSK.slice(0, 42)}\n`],
    ['a key as a section', `[${PSK}]\n`],
    ['a key after a byte order mark', `\uFEFFPrivateKey = ${PSK}\n`],
    ['a key with spaces', `[Interface]\nPrivateKey = ${PSK.slice(0, 20)} ${PSK.slice(21)}\n`],
  ])('%s is in no message', (_, text) => {
    const problems = checkConf(text)
    expect(problems).not.toEqual([])
    expectNoPartOf(PSK, JSON.stringify(problems))
    expectNoPartOf(PSK, wgReport(text))
    try {
      peerSettings(parseConf(text))
    } catch (error) {
      expectNoPartOf(PSK, everyText(error))
    }
  })
})

describe('any text', () => {
  it('fails only with a WireGuardError, exactly when checkConf finds an error', () => {
    fc.assert(
      fc.property(fc.oneof(confText, fc.string({ unit: 'binary' })), (text) => {
        for (const dialect of ['wg', 'wg-quick'] as const) {
          const fails = checkConf(text, { dialect }).some(({ severity }) => severity === 'error')
          const run = () => toDeviceConfigs(parseConf(text), 'setconf', { dialect })
          if (fails) expect(run).toThrow('read configuration file')
          else expect(run).not.toThrow()
        }
        try {
          stripConf(text)
        } catch (error) {
          expect(isWireGuardError(error)).toBe(true)
        }
      }),
      runs(1000),
    )
  })

  it('is reported to wg-quick as to wg after strip', () => {
    fc.assert(
      fc.property(confText, (text) => {
        // bash drops NUL characters, and does not recognize a header after a byte order mark.
        fc.pre(!text.includes('\0') && !text.startsWith('\uFEFF'))
        // What wg-quick(8) does with a wrong value of its own is another matter.
        fc.pre(
          checkConf(text).every(({ key }) => !(QUICK_KEYS as readonly unknown[]).includes(key)),
        )
        expect(wgReport(text, { dialect: 'wg-quick' })).toBe(wgReport(stripConf(text)))
      }),
      runs(500),
    )
  })
})
