import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import type { Device } from '../../src/model/device.js'
import { WireGuardError } from '../../src/model/errors.js'
import { ReplyParser } from '../../src/uapi/parse.js'
import { everyText } from '../model/faults.js'
import {
  base64Of,
  bytesOf,
  PRESHARED_HEX,
  PRIVATE_HEX,
  SAMPLE_REPLIES,
} from '../support/replies.js'

function parseChunks(chunks: Iterable<Uint8Array>, now: number): Device {
  const parser = new ReplyParser('read device', 'wg0')
  for (const chunk of chunks) parser.push(chunk)
  return parser.device(now)
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.byteLength]
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
}

describe.each(SAMPLE_REPLIES)('the reply of $name', ({ text, now, device }) => {
  const bytes = bytesOf(text)

  it('gives the same device when it is cut in two anywhere', () => {
    for (let cut = 0; cut <= bytes.byteLength; cut++) {
      expect(parseChunks(cutAt(bytes, [cut]), now)).toStrictEqual(device)
    }
  })

  it('gives the same device byte by byte, each in a buffer that is used again', () => {
    const parser = new ReplyParser('read device', 'wg0')
    const buffer = new Uint8Array(1)
    for (const byte of bytes) {
      buffer[0] = byte
      parser.push(buffer)
    }
    expect(parser.done).toBe(true)
    expect(parser.device(now)).toStrictEqual(device)
  })

  it('gives the same device in any pieces', () => {
    const cuts = fc.array(fc.nat({ max: bytes.byteLength }), { maxLength: 20 })
    fc.assert(
      fc.property(cuts, (places) => {
        expect(parseChunks(cutAt(bytes, places), now)).toStrictEqual(device)
      }),
      runs(50),
    )
  })

  it('gives no device when its end is missing, and never another one', () => {
    for (let end = 0; end < bytes.byteLength; end++) {
      const parser = new ReplyParser('read device', 'wg0')
      parser.push(bytes.subarray(0, end))
      expect(parser.done).toBe(false)
      expect(() => parser.device(now)).toThrow(WireGuardError)
    }
  })
})

const SECRETS = [PRIVATE_HEX, PRESHARED_HEX].flatMap((hex) => [hex, base64Of(hex)])

/** One change of a reply, the kind that a broken or hostile daemon makes. */
const mutation = fc.oneof(
  fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), put: fc.nat({ max: 255 }) }),
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    insert: fc.constantFrom(
      '\n',
      '=',
      '\n\n',
      '\nallowed_ip=',
      '\nendpoint=',
      '\npublic_key=',
      '\nerrno=',
      '\0',
      '\nrx_bytes=',
      '\nfwmark=',
      'errno=-22\n\n',
      '\nprotocol_version=',
      '\xff\xfe',
    ),
  }),
)
type Mutation = { at: number; put?: number; remove?: number; insert?: string }

function mutate(text: string, { at, put, remove = 0, insert }: Mutation): string {
  const start = Math.floor(at * text.length)
  const head = text.slice(0, start)
  if (put !== undefined) return head + String.fromCharCode(put) + text.slice(start + 1)
  return head + (insert ?? '') + text.slice(start + remove)
}

describe('a reply that was damaged', () => {
  it('is read or gives a WireGuardError without a secret', () => {
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 6 })
    const size = fc.integer({ min: 1, max: 400 })
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLE_REPLIES), mutations, size, (sample, changes, step) => {
        const bytes = bytesOf(changes.reduce(mutate, sample.text))
        const cuts = Array.from({ length: Math.floor(bytes.byteLength / step) }, (_, i) => i * step)
        try {
          parseChunks(cutAt(bytes, cuts), sample.now)
        } catch (error) {
          expect(error).toBeInstanceOf(WireGuardError)
          const text = everyText(error)
          for (const secret of SECRETS) expect(text).not.toContain(secret)
        }
      }),
      runs(1500),
    )
  })

  it('of random bytes gives a WireGuardError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => parseChunks([bytes], 0)).toThrow(WireGuardError)
      }),
      runs(100),
    )
  })
})
