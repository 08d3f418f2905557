import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import {
  checkConf,
  parseConf,
  peerSettings,
  stripConf,
  toDeviceConfigs,
  wgReport,
} from '../../src/conf.js'
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
    ['a value behind spaces', '[Interface]\nMTU =   x\n', { line: 2, column: 9, key: 'MTU' }],
    [
      'the third word of a list',
      '[Interface]\nAddress = 10.0.0.1  , ::1,x\n',
      { column: 27, key: 'Address' },
    ],
    ['a line after CRLF', '[Interface]\r\nMTU = x\r\n', { line: 2, column: 7 }],
    ['a line after a byte order mark', '\uFEFF\n[Interface]\nMTU = x', { line: 1, column: 1 }],
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
  ])('tells the place of %s', (_, text, problem) => {
    expect(checkConf(text)[0]).toMatchObject({ severity: 'error', ...problem })
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

  it('sorts by line although wg(8) says last what is missing', () => {
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
    ['a key as a range', `[Peer]\nPublicKey = ${KEY_A}\nAllowedIPs = ${PSK}\n`],
    ['a key as an endpoint', `[Peer]\nPublicKey = ${KEY_A}\nEndpoint = ${PSK}:1\n`],
    ['a key as a table', `[Interface]\nTable = ${PSK}\n`],
    ['a key cut off as a public key', `[Peer]\nPublicKey = ${PSK.slice(0, 42)}\n`],
    ['a key as a section', `[${PSK}]\n`],
    ['a key behind a byte order mark', `\uFEFFPrivateKey = ${PSK}\n`],
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
  it('makes nothing fail but with a WireGuardError, exactly when checkConf finds an error', () => {
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
        // bash drops NUL characters, and takes a line behind a byte order mark for no header.
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
