import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../../test-fixtures/runs.js'
import { LINE_LIMIT, LineSplitter } from '../../../src/uapi/server/lines.js'

describe('LineSplitter', () => {
  it('gives the same lines for any pieces', () => {
    const text = fc
      .array(fc.constantFrom('a', 'ü', '\r', '\n'), { maxLength: 30 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        text,
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
        (whole, sizes) => {
          const expected = whole.split('\n')
          if (expected.at(-1) === '') expected.pop()
          expect(split(Buffer.from(whole), sizes)).toEqual(
            expected.map((line) => line.replace(/\r$/, '')),
          )
        },
      ),
      runs(100),
    )
  })

  it('gives undefined for a line that is too long, and nothing after it', () => {
    const splitter = new LineSplitter()
    const text = `a\n${'x'.repeat(LINE_LIMIT)}\nb\n`
    expect(splitter.push(Buffer.from(text))).toEqual(['a', undefined])
  })

  it('gives undefined before the end of the line has come', () => {
    const splitter = new LineSplitter()
    expect(splitter.push(Buffer.from('x'.repeat(LINE_LIMIT - 1)))).toEqual([])
    expect(splitter.push(Buffer.from('x'))).toEqual([undefined])
  })
})

function split(bytes: Uint8Array, sizes: readonly number[]): (string | undefined)[] {
  const splitter = new LineSplitter()
  const lines: (string | undefined)[] = []
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const size = sizes[i % sizes.length]!
    lines.push(...splitter.push(bytes.subarray(at, at + size)))
    at += size
  }
  return [...lines, ...splitter.end()]
}
