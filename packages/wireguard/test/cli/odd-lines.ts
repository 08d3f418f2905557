// Command lines of `set` as users mistype them: the words in any order, with odd values in between.
import * as fc from 'fast-check'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'

/** A command line of `set`, without the name of the interface. */
export interface OddLine {
  /**
   * The arguments. `FILE` stands for a file with a key and white space, `EMPTY` for an empty one,
   * `BAD` for one with something else, `LONG` for one with a character behind the key, `BYTES` for
   * one with 43 characters in 44 bytes.
   */
  readonly args: readonly string[]
  /**
   * Whether it has a value that wg(8) takes for another one, and the command refuses: the table in
   * docs/command.md.
   */
  readonly isRefused: boolean
}

/** Returns command lines that are the same for the same seed. */
export function oddSetLines(count: number, seed: number): readonly OddLine[] {
  return fc.sample(oddSetLine(), { numRuns: count, seed })
}

/** Any command line of `set`. */
export function oddSetLine(): fc.Arbitrary<OddLine> {
  return fc
    .record({
      device: fc.array(fc.oneof(...DEVICE_WORDS), { maxLength: 3 }),
      peers: fc.array(
        fc
          .tuple(
            word('peer', [1, 2, 3, 4].map(publicKeyOf), ODD_KEYS),
            fc.array(fc.oneof(...PEER_WORDS), { maxLength: 4 }),
          )
          .map(([peer, words]) => [peer, ...words]),
        { maxLength: 3 },
      ),
      stray: fc.option(fc.oneof(...STRAY_WORDS), { freq: 12 }),
      cut: fc.oneof(
        { weight: 12, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constant(1) },
      ),
    })
    .map(({ device, peers, stray, cut }) => {
      const words = [...device, ...peers.flat(), ...(stray === null ? [] : [stray])]
      const args = words.flatMap(({ args: ofWord }) => ofWord)
      return {
        args: cut === 0 ? args : args.slice(0, -1),
        isRefused: words.some(({ isRefused }) => isRefused),
      }
    })
    .filter(({ args }) => args.length > 0)
}

const NUMBERS = ['', 'x', '-1', '0x', '5 5', '5x', '0X10', '1e3', '１', '99999999999999999999', 'é']
const ODD_KEYS = ['', 'x', publicKeyOf(1).slice(1), `${publicKeyOf(1)} `, `${'A'.repeat(43)}=`]
const FILES = ['FILE', 'EMPTY', '/dev/null']
const ODD_FILES = [
  '',
  '/',
  '/nonexistent',
  'BAD',
  'LONG',
  'BYTES',
  '/etc/passwd/x',
  '/proc/self/mem',
]

const ALLOWED_IPS = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '10.1.2.3/8', 'fd00::/64', '::/0']
const ODD_ALLOWED_IPS = [
  '',
  'x',
  '1.2.3',
  '010.0.0.1',
  '0x1.2.3.4',
  '1.2.3.4/033',
  '1.2.3.4/33',
  '1.2.3.4/',
  '1.2.3.4/-1',
  '1.2.3.4/8/8',
  '1.2.3.4/18446744073709551617',
  '/8',
  '::1/129',
  '::1.2.3.4/0',
  ':::',
  'fe80::1%lo',
  '1 0.0.0.1',
]

const DEVICE_WORDS = [
  // Not 0: each device would pick a port of its own.
  word(
    'listen-port',
    ['51812', '51810', '051811'],
    [...without(NUMBERS, '99999999999999999999')],
    ['65536', '99999', 'domain', '+5', ' 5'],
  ),
  word(
    'fwmark',
    ['0', 'off', 'oFF', '7', '0xaB', '007'],
    [...NUMBERS, '4294967296', '0x100000000'],
  ),
  word('private-key', FILES, ODD_FILES),
]

const PEER_WORDS = [
  word('preshared-key', FILES, ODD_FILES),
  word(
    'endpoint',
    ['192.0.2.1:5', '[2001:DB8::1]:65535', '::1:5', '[fe80::1%lo]:5', '[::ffff:1.2.3.4]:7'],
    ['', ':', ':5', '[]:5', '[::1', '[::1]', '[::1]:', '[::1]5', '192.0.2.1', '-:5'],
    [
      '192.0.2.1:65536',
      '127.1:5',
      '0x7f000001:5',
      '192.0.2.1:domain',
      '192.0.2.1:+5',
      '192.0.2.1: 5',
    ],
  ),
  word('persistent-keepalive', ['0', 'Off', '25', '65535', '0025'], [...NUMBERS, '65536', '0x10']),
  fc
    .array(
      fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...ALLOWED_IPS) },
        { weight: 1, arbitrary: fc.constantFrom(...ODD_ALLOWED_IPS) },
      ),
      { maxLength: 4 },
    )
    .map((list) => ({ args: ['allowed-ips', list.join(',')], isRefused: false })),
  fc.constant({ args: ['remove'], isRefused: false }),
]

const STRAY_WORDS = [
  fc
    .constantFrom('bogus', '', 'Peer', 'LISTEN-PORT', '--help', 'remove', 'peer', 'allowed-ips')
    .map((text) => ({ args: [text], isRefused: false })),
  fc
    .constantFrom('listen-port', 'fwmark', 'endpoint', 'persistent-keepalive', 'allowedips')
    .map((text) => ({ args: [text, '7'], isRefused: false })),
]

/** A word with a value: seldom an odd one, more seldom one that only wg(8) takes. */
function word(
  name: string,
  usual: readonly string[],
  odd: readonly string[],
  refused: readonly string[] = [],
): fc.Arbitrary<OddLine> {
  const of = (weight: number, values: readonly string[], isRefused: boolean) => ({
    weight: values.length === 0 ? 0 : weight,
    arbitrary: fc
      .constantFrom(...(values.length === 0 ? [''] : values))
      .map((value) => ({ args: [name, value], isRefused })),
  })
  return fc.oneof(of(24, usual, false), of(3, odd, false), of(1, refused, true))
}

function without(list: readonly string[], text: string): readonly string[] {
  return list.filter((one) => one !== text)
}
