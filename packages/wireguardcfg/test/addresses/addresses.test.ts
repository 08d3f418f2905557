import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { nextAddress } from '../../src/addresses/next-address.js'
import { containsAllowedIP, subtractAllowedIPs } from '../../src/addresses/subtract.js'
import { thrown } from '../model/faults.js'

describe('nextAddress', () => {
  it.each([
    ['the first address of a network', '10.8.0.0/24', [], '10.8.0.1'],
    ['not the address of the server', '10.8.0.1/24', [], '10.8.0.2'],
    ['a gap', '10.8.0.1/24', ['10.8.0.2/32', '10.8.0.4/32'], '10.8.0.3'],
    [
      'used in any order and twice',
      '10.8.0.1/24',
      ['10.8.0.3', '10.8.0.2', '10.8.0.3'],
      '10.8.0.4',
    ],
    ['all addresses of a used network', '10.8.0.1/24', ['10.8.0.0/28'], '10.8.0.16'],
    ['used networks that reach beyond', '10.8.0.128/25', ['10.8.0.64/26'], '10.8.0.129'],
    ['outside of the network', '10.8.0.1/24', ['10.9.0.0/16', '10.7.255.255'], '10.8.0.2'],
    ['the other family', '10.8.0.1/24', ['::/0'], '10.8.0.2'],
    ['the last address but the broadcast', '10.8.0.0/30', ['10.8.0.1'], '10.8.0.2'],
    ['both addresses of a point to point link', '10.8.0.0/31', ['10.8.0.0'], '10.8.0.1'],
    ['a network of one address', '10.8.0.5/32', [], '10.8.0.5'],
    ['IPv6', 'fd00::/64', [], 'fd00::1'],
    ['IPv6 in any spelling', 'FD00:0::1/64', ['fd00:0:0::2/128'], 'fd00::3'],
    ['the last address of IPv6', 'fd00::/126', ['fd00::1', 'fd00::2'], 'fd00::3'],
    ['everything', '1.0.0.0/0', [], '0.0.0.1'],
  ])('%s', (_, network, used, address) => {
    expect(nextAddress(network, used)).toBe(address)
  })

  it('returns none of the addresses to skip', () => {
    expect(nextAddress('10.8.0.1/24', ['10.8.0.2'], { skip: ['10.8.0.0/29'] })).toBe('10.8.0.8')
  })

  it.each([
    ['a network of four addresses', '10.8.0.1/30', ['10.8.0.2']],
    ['the address of the server alone', '10.8.0.5/32', ['10.8.0.5']],
    ['one network for all', '10.8.0.0/24', ['0.0.0.0/0']],
    ['IPv6', 'fd00::/127', ['fd00::/128', 'fd00::1']],
  ])('throws EADDRNOTAVAIL when all are used: %s', (_, network, used) => {
    const error = thrown(() => nextAddress(network, used))
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', path: 'network' })
  })

  it.each([
    ['network', 'example.org/24', [], []],
    ['network', '10.8.0.0/33', [], []],
    ['used[1]', '10.8.0.0/24', ['10.8.0.1', '10.8.0'], []],
    ['skip[0]', '10.8.0.0/24', [], ['x']],
    ['used', '10.8.0.0/24', '10.8.0.1' as never, []],
    ['used', '10.8.0.0/24', null as never, []],
  ])('names what is invalid: %s', (path, network, used, skip) => {
    const error = thrown(() => nextAddress(network, used, { skip }))
    expect(error).toMatchObject({ code: 'EINVAL', path })
  })

  it('returns what a search through all addresses finds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 20, max: 29 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 29, max: 32 }))),
        (length, taken) => {
          const used = taken.map(([host, bits]) => `10.8.0.${host}/${bits}`)
          const isUsed = (host: number) =>
            used.some((network) => matches(`10.8.0.${host}`, network)) || host === 1
          let expected = 2
          while (isUsed(expected)) expected++
          const last = 2 ** (32 - length) - 2
          if (expected > last) thrown(() => nextAddress(`10.8.0.1/${length}`, used))
          else expect(nextAddress(`10.8.0.1/${length}`, used)).toBe(`10.8.0.${expected}`)
        },
      ),
      runs(300),
    )
  })
})

describe('containsAllowedIP', () => {
  it.each([
    ['10.0.0.0/8', '10.8.0.0/24', true],
    ['10.8.0.0/24', '10.0.0.0/8', false],
    ['10.8.0.0/24', '10.8.0.0/24', true],
    ['10.8.0.0/24', '10.8.1.0/24', false],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '::ffff:1.2.3.4', true],
    ['10.8.0.9/24', '10.8.0.1', true],
  ])('%s, %s: %s', (outer, inner, contains) => {
    expect(containsAllowedIP(outer, inner)).toBe(contains)
  })

  it('agrees with ipaddr.js', () => {
    fc.assert(
      fc.property(anyNetwork(), anyNetwork(), (outer, inner) => {
        const [address, length] = ipaddr.parseCIDR(inner)
        const isInside = matches(address.toString(), outer) && length >= lengthOf(outer)
        expect(containsAllowedIP(outer, inner)).toBe(isInside)
      }),
      runs(1000),
    )
  })

  it('names what is invalid', () => {
    expect(thrown(() => containsAllowedIP('x', '10.0.0.1')).path).toBe('outer')
    expect(thrown(() => containsAllowedIP('10.0.0.1', 'x')).path).toBe('inner')
  })
})

describe('subtractAllowedIPs', () => {
  it.each([
    ['nothing', ['10.0.0.0/8'], [], ['10.0.0.0/8']],
    ['one address', ['10.0.0.0/29'], ['10.0.0.2'], ['10.0.0.0/31', '10.0.0.3/32', '10.0.0.4/30']],
    ['all', ['10.0.0.0/8', 'fd00::/8'], ['0.0.0.0/0', '::/0'], []],
    ['from nothing', [], ['10.0.0.0/8'], []],
    ['what is not there', ['10.0.0.0/8'], ['11.0.0.0/8', '::/0'], ['10.0.0.0/8']],
    ['the beginning', ['10.0.0.0/24'], ['10.0.0.0/25'], ['10.0.0.128/25']],
    ['the end', ['10.0.0.0/24'], ['10.0.0.128/25'], ['10.0.0.0/25']],
    [
      'over two entries',
      ['10.0.0.0/25', '10.0.1.0/25'],
      ['10.0.0.64/26', '10.0.1.0/24'],
      ['10.0.0.0/26'],
    ],
    [
      'overlapping entries',
      ['10.0.0.0/24', '10.0.0.0/8'],
      ['10.128.0.0/9', '10.192.0.0/10'],
      ['10.0.0.0/9'],
    ],
    ['neighbours are joined', ['10.0.1.0/24', '10.0.0.0/24'], [], ['10.0.0.0/23']],
    ['IPv4 comes first', ['fd00::/8', '10.0.0.0/8'], [], ['10.0.0.0/8', 'fd00::/8']],
    ['host bits', ['10.0.0.9/8'], [], ['10.0.0.0/8']],
    [
      'the last address',
      ['0.0.0.0/0'],
      ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3', '224.0.0.0/4', '240.0.0.0/5'],
      ['248.0.0.0/5'],
    ],
    ['in IPv6', ['::/0'], ['8000::/1', '4000::/2'], ['::/2']],
  ])('%s', (_, all, minus, left) => {
    expect(subtractAllowedIPs(all, minus)).toEqual(left)
  })

  it('has an address exactly when the first list has it and the second has not', () => {
    fc.assert(
      fc.property(networks(), networks(), (all, minus) => {
        const left = subtractAllowedIPs(all, minus)
        // The addresses at the edges of what is given and of what comes out.
        const wrong = [...all, ...minus, ...left]
          .flatMap(edges)
          .filter((edge) => isIn(edge, left) !== (isIn(edge, all) && !isIn(edge, minus)))
        expect(wrong).toEqual([])
      }),
      runs(50),
    )
  })

  it('returns a sorted list that cannot be shorter', () => {
    fc.assert(
      fc.property(networks(), networks(), (all, minus) => {
        const left = subtractAllowedIPs(all, minus)
        for (const [i, one] of left.entries()) {
          const next = left[i + 1]
          if (next === undefined) continue
          const [a, b] = [bytesOf(one), bytesOf(next)]
          expect(a.length < b.length || Buffer.compare(a, b) < 0).toBe(true)
          // Two halves of one network would be one entry.
          if (lengthOf(one) !== lengthOf(next) || a.length !== b.length) continue
          const parent = `${addressOf(one)}/${lengthOf(one) - 1}`
          expect(lengthOf(one) > 0 && isWhole(parent) && matches(addressOf(next), parent)).toBe(
            false,
          )
        }
      }),
      runs(300),
    )
  })

  it('subtracts 100,000 networks of 100,000', () => {
    const all = Array.from(
      { length: 100_000 },
      (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    )
    const odd = all.filter((_, i) => i % 2 === 1)
    expect(subtractAllowedIPs(all, odd)).toHaveLength(50_000)
  })

  it.each([
    ['all[1]', ['10.0.0.0/8', 'x'], []],
    ['minus[0]', [], ['10.0.0.0/-1']],
    ['minus', [], '10.0.0.0/8' as never],
  ])('names what is invalid: %s', (path, all, minus) => {
    expect(thrown(() => subtractAllowedIPs(all, minus))).toMatchObject({ code: 'EINVAL', path })
  })
})

/** Networks close to each other, so that they often meet. */
function anyNetwork(): fc.Arbitrary<string> {
  const ipv4 = fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 25, max: 32 }))
    .map(([host, length]) => `10.255.255.${host + 192}/${length}`)
  const ipv6 = fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 121, max: 128 }))
    .map(([host, length]) => `fd00::${host.toString(16)}/${length}`)
  return fc.oneof(
    ipv4,
    ipv6,
    fc.constantFrom('0.0.0.0/0', '::/0', '255.255.255.255/32', '0.0.0.0/1'),
  )
}

function matches(address: string, other: string): boolean {
  const parsed = ipaddr.parse(address)
  const [base, length] = ipaddr.parseCIDR(other)
  return parsed.kind() === base.kind() && parsed.match(base, length)
}

function isIn(address: string, list: readonly string[]): boolean {
  return list.some((one) => matches(address, one))
}

function edges(text: string): string[] {
  const [address, length] = ipaddr.parseCIDR(text)
  const first = address.toByteArray().map((byte, i) => byte & mask(i, length))
  const last = first.map((byte, i) => byte | (255 & ~mask(i, length)))
  return [first, last].map((bytes) => ipaddr.fromByteArray(bytes).toString())
}

function mask(i: number, length: number): number {
  return 255 & ~(255 >> Math.min(8, Math.max(0, length - 8 * i)))
}

function addressOf(text: string): string {
  return text.slice(0, text.indexOf('/'))
}

function lengthOf(text: string): number {
  return Number(text.slice(text.indexOf('/') + 1))
}

function bytesOf(text: string): Buffer {
  return Buffer.from(ipaddr.parse(addressOf(text)).toByteArray())
}

/** Whether no host bit is set. */
function isWhole(text: string): boolean {
  return edges(text)[0] === ipaddr.parse(addressOf(text)).toString()
}

function networks(): fc.Arbitrary<string[]> {
  return fc.array(anyNetwork(), { maxLength: 8 })
}
