import * as fc from 'fast-check'
import { KEY_A, KEY_B, PRIVATE_KEY, ZERO } from './wg-cases.js'

const KEYS = [
  'PrivateKey',
  'ListenPort',
  'FwMark',
  'Address',
  'DNS',
  'MTU',
  'Table',
  'PostUp',
  'SaveConfig',
  'PublicKey',
  'PresharedKey',
  'AllowedIPs',
  'Endpoint',
  'PersistentKeepalive',
  'Jc',
  'List enPort',
]

const VALUES = [
  '',
  '1',
  '51820',
  '99999',
  'off',
  '0x1f',
  'true',
  'FALSE',
  'auto',
  KEY_A,
  KEY_B,
  PRIVATE_KEY,
  ZERO,
  '10.0.0.1/24',
  '10.0.0.1, fd00::1/64',
  '+10.0.0.1,-10.0.0.2/32',
  ',',
  'vpn.example.com:51820',
  '[fe80::1%eth0]:5',
  '192.0.2.1:5',
  'iptables -A x; echo "a # b"',
  'a=b=c',
  '\0',
  ' a  b ',
]

const space = fc.constantFrom('', '', ' ', '\t', '  ', ' \v', '\r', '\f')
const comment = fc.constantFrom('', '', '', '#', ' # c', '# friendly_name = bob', '#[Peer]')

const entry = fc
  .tuple(space, fc.constantFrom(...KEYS), space, fc.constantFrom('=', '=', '=', '', '=='), space)
  .chain((parts) =>
    fc
      .tuple(fc.constantFrom(...VALUES), space, comment, fc.boolean())
      .map(([value, after, remark, upper]) => {
        const [before, key, gap, equals, gap2] = parts
        return (
          before + (upper ? key.toUpperCase() : key) + gap + equals + gap2 + value + after + remark
        )
      }),
  )

const header = fc
  .tuple(
    space,
    fc.constantFrom(
      '[Interface]',
      '[Interface]',
      '[Peer]',
      '[Peer]',
      '[peer]',
      '[Foo]',
      '[Interface',
      '[ Peer ]',
      '[INTERFACE]x',
    ),
    space,
    comment,
  )
  .map((parts) => parts.join(''))

const line = fc.oneof(
  { weight: 6, arbitrary: entry },
  { weight: 2, arbitrary: header },
  { weight: 1, arbitrary: fc.tuple(space, comment).map((parts) => parts.join('')) },
  {
    weight: 1,
    arbitrary: fc.string({
      unit: fc.constantFrom('a', '=', '#', '[', ']', ' ', '\r', '\0', '\uFEFF', 'ß'),
    }),
  },
)

/** Files in which nearly everything occurs, made of the grammar and its near misses. */
export const confText = fc
  .tuple(
    fc.constantFrom('', '', '', '\uFEFF'),
    fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\r\n')), { maxLength: 24 }),
    fc.boolean(),
  )
  .map(([mark, lines, finalNewline]) => {
    const text = mark + lines.map((parts) => parts.join('')).join('')
    return finalNewline ? text : text.replace(/\r?\n$/, '')
  })
