import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import type { Difference } from './set-lines.js'

const KEY = publicKeyOf(1)

/**
 * Files with something wrong in them. With a difference: wg(8) takes it, or says something else.
 */
export const BAD_FILES: readonly (readonly [string, Difference?])[] = [
  ['[Interface]\nListenPort = x\n'],
  ['[Interface]\nListenPort =\n'],
  ['[Interface]\nFwMark = x\n[Peer]\n'],
  ['bogus\n'],
  ['ListenPort = 5\n'],
  ['[Interface]\nAddress = 10.0.0.1/24\n'],
  ['[interface]\nEndpoint = x\n'],
  [
    '[interface]\nPublicKey = x\n',
    {
      code: 1,
      stderr: "Line unrecognized: `PublicKey=(hidden)'\nConfiguration parsing error\n",
    },
  ],
  ['[Peer]\n'],
  ['[Peer]\nEndpoint = 192.0.2.1:1\n[Peer]\n'],
  ['[Peer]\nPublicKey = x\n'],
  [`[Peer]\nPublicKey = ${KEY}\nAllowedIPs =\n`],
  [`[Peer]\nPublicKey = ${KEY}\nAllowedIPs = 10.0.0.1/8, 10.0.0.0/33\n`],
  [`[Peer]\nPublicKey = ${KEY}\nAllowedIPs = 10.0.0.0/8,\n`],
  [`[Peer]\nPublicKey = ${KEY}\nEndpoint = [::1\n`],
  [`[Peer]\nPublicKey = ${KEY}\nEndpoint = 192.0.2.1\n`],
  [`[Peer]\nPublicKey = ${KEY}\nPersistentKeepalive = 65536\n`],
  [`[Peer]\nPublicKey = ${KEY}\nPersistentKeepalive = 5 s\n`],
  [
    `\uFEFF[Peer]\nPublicKey = ${KEY}\n`,
    { code: 1, stderr: "Line unrecognized: `\\u{feff}[Peer]'\nConfiguration parsing error\n" },
  ],
  [
    '[Interface]\nListenPort = 5\0\n',
    {
      code: 1,
      stderr:
        'NUL character, after which wg(8) ignores the rest of the line; expected text\nConfiguration parsing error\n',
    },
  ],
  ['[Interface]\nünïcode = 1\n'],
  [
    '[Interface]\nListenPort = 99999\n',
    {
      code: 1,
      stderr:
        'ListenPort: port "99999" is out of range; expected a port number from 0 to 65535\nConfiguration parsing error\n',
    },
  ],
  [
    `[Interface]\nPrivateKey = ${KEY.slice(0, 40)}\n`,
    {
      code: 1,
      stderr: "Key is not the correct length or format: `(hidden)'\nConfiguration parsing error\n",
    },
  ],
  [
    '[Interface]\nPrivatKey = abc\n',
    { code: 1, stderr: "Line unrecognized: `PrivatKey=(hidden)'\nConfiguration parsing error\n" },
  ],
]
