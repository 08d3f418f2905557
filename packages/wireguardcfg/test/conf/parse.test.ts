import { readdirSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { checkConf, formatConf, formatProblem, parseConf } from '../../src/conf.js'
import { confText } from './arbitrary.js'
import { KEY_A, PRIVATE_KEY, PSK } from './wg-cases.js'

const FIXTURES = new URL('../../../../test-fixtures/conf/', import.meta.url)
const files = (folder: string) =>
  readdirSync(new URL(folder, FIXTURES)).filter((name) => name.endsWith('.conf'))
const read = (path: string) => readFileSync(new URL(path, FIXTURES), 'utf8')

describe('formatConf(parseConf(text))', () => {
  it('is the same text for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(formatConf(parseConf(text))).toBe(text)
      }),
      runs(100),
    )
  })

  it('is the same text for files of the grammar and its near misses', () => {
    fc.assert(
      fc.property(confText, (text) => {
        expect(formatConf(parseConf(text))).toBe(text)
      }),
      runs(500),
    )
  })

  it.each(files('valid/'))('is the same text for valid/%s', (name) => {
    const text = read(`valid/${name}`)
    expect(text.length).toBeGreaterThan(100)
    expect(formatConf(parseConf(text))).toBe(text)
    expect(checkConf(text).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it.each(files('invalid/'))(
    'is the same text for invalid/%s, whose problems are reported',
    (name) => {
      const text = read(`invalid/${name}`)
      expect(formatConf(parseConf(text))).toBe(text)
      const problems = checkConf(text).map((problem) => `${formatProblem(problem)}\n`)
      expect(problems.join('')).toBe(read(`invalid/${name.replace('.conf', '.expected')}`))
    },
  )
})

describe('Conf', () => {
  it('shows no secret to console.log and JSON', () => {
    const conf = parseConf(
      `[Interface]\nPrivateKey = ${PRIVATE_KEY}\n[Peer]\nPublicKey = ${KEY_A}\nPresharedKey = ${PSK}\n`,
    )
    const shown = [conf, conf.sections, conf.lines].flatMap((value) => [
      inspect(value, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(value),
    ])
    expect(shown.join()).not.toContain(PRIVATE_KEY.slice(0, 12))
    expect(shown.join()).not.toContain(PSK.slice(0, 12))
    // And yet it is there.
    expect(conf.get('PrivateKey')).toBe(PRIVATE_KEY)
  })
})
