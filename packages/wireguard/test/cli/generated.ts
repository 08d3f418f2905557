import * as fc from 'fast-check'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/** Valid command lines of `set`, the same in every run. */
export function generatedSetLines(count: number): readonly (readonly string[])[] {
  const ofPeer = fc.oneof(
    word('preshared-key', 'FILE', '/dev/null'),
    word('endpoint', '192.0.2.7:51820', '[2001:db8::7]:1', '198.51.100.1:65535', '[::1]:9'),
    word('persistent-keepalive', 'off', '0', '1', '25', '65535'),
    fc
      .uniqueArray(fc.constantFrom(...ALLOWED_IPS), { maxLength: 4 })
      .map((allowedIPs) => ['allowed-ips', allowedIPs.join(',')]),
    fc.constant(['remove']),
  )
  const device = fc.oneof(
    word('listen-port', '51830', '51831', '1024'),
    word('fwmark', 'off', '0x10', '77', '0xffffffff'),
    word('private-key', 'FILE', '/dev/null'),
  )
  const line = fc
    .record({
      device: fc.array(device, { maxLength: 2 }),
      peers: fc.array(
        fc.record({
          key: fc.integer({ min: 1, max: 5 }).map(publicKeyOf),
          words: fc.array(ofPeer, { maxLength: 3 }),
        }),
        { maxLength: 3 },
      ),
    })
    .filter(({ device: words, peers }) => words.length + peers.length > 0)
    .map(({ device: words, peers }) => [
      ...words.flat(),
      ...peers.flatMap(({ key, words: ofOne }) => ['peer', key, ...ofOne.flat()]),
    ])
  return fc.sample(line, { numRuns: count, seed: 7 })
}

/** Files that are all right, with the freedom of the format: the same in every run. */
export function generatedFiles(count: number): readonly string[] {
  const space = fc.constantFrom('', ' ', '\t', '  ')
  const end = fc.constantFrom('\n', '\r\n', ' # a comment\n', '#\n', '\n\n', '\n# x = y\n')
  const line = (key: string, ...values: readonly string[]) =>
    fc
      .tuple(
        fc.constantFrom(key, key.toLowerCase(), key.toUpperCase()),
        space,
        space,
        fc.constantFrom(...values),
        end,
      )
      .map(
        ([name, before, after, value, ending]) =>
          `${before}${name}${before}=${after}${value}${ending}`,
      )
  const header = (name: string) =>
    fc
      .tuple(fc.constantFrom(name, name.toLowerCase()), end)
      .map(([text, ending]) => `[${text}]${ending}`)
  const interfaceSection = fc
    .tuple(
      header('Interface'),
      line('ListenPort', '51840', '5 1 8 4 1', '01024'),
      fc.array(
        fc.oneof(
          line('FwMark', 'off', '0x1F', '99'),
          line(
            'PrivateKey',
            privateKeyOf(1).toBase64(),
            privateKeyOf(2).toBase64(),
            `${'A'.repeat(43)}=`,
          ),
        ),
        { maxLength: 2 },
      ),
    )
    .map((parts) => parts.flat().join(''))
  const peerSection = fc
    .tuple(
      header('Peer'),
      fc.integer({ min: 1, max: 5 }).chain((i) => line('PublicKey', publicKeyOf(i))),
      // What the local wg does when these are absent in syncconf is not what newer ones do.
      line('PresharedKey', presharedKeyOf(1).toBase64(), `${'A'.repeat(43)}=`),
      line('PersistentKeepalive', 'off', '25', '6 5 5 3 5'),
      fc.array(
        fc.oneof(
          line('AllowedIPs', ...ALLOWED_IPS, '10.7.0.0/24, fd07::/64', '10.0.0.1/8,10.8.8.8'),
          line('Endpoint', '192.0.2.9:1', '[2001:db8::9]:2', 'localhost:3'),
        ),
        { maxLength: 3 },
      ),
    )
    .map((parts) => parts.flat().join(''))
  const file = fc
    .tuple(
      fc.constantFrom('', '# head\n', '\n'),
      interfaceSection,
      fc.array(peerSection, { maxLength: 5 }),
      fc.boolean(),
    )
    .map(([head, first, peers, isCut]) => {
      const text = head + first + peers.join('')
      return isCut ? text.trimEnd() : text
    })
  return fc.sample(file, { numRuns: count, seed: 11 })
}

const ALLOWED_IPS = [
  '10.0.0.0/8',
  '10.0.0.0/16',
  '10.1.0.0/16',
  '10.1.2.3',
  'fd00::/64',
  '::/0',
  '0.0.0.0/0',
  'fd00::1',
]

function word(name: string, ...values: readonly string[]): fc.Arbitrary<string[]> {
  return fc.constantFrom(...values).map((value) => [name, value])
}
