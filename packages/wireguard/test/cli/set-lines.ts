import { publicKeyOf } from '../../../../test-fixtures/sample.js'

const KEY = publicKeyOf(1)

/** What the command is to do where it does not do the same as wg(8). */
export interface Difference {
  readonly code: number
  readonly stderr: string
}

/**
 * Arguments of `set` after the interface. Those with a difference are accepted by wg(8), or refused
 * with another message.
 *
 * FILE is replaced by the path of a file with a key, EMPTY of an empty one, BAD of one with
 * something else.
 */
export const SET_LINES: readonly (readonly [readonly string[], Difference?])[] = [
  [['listen-port']],
  [['listen-port', 'x']],
  [['listen-port', '-1']],
  [['listen-port', '']],
  [['listen-port', '0x10']],
  [['listen-port', 'off']],
  [['listen-port', '51820']],
  [['listen-port', '051821']],
  [['listen-port', '51822', 'listen-port', '51823']],
  [
    ['listen-port', '99999'],
    { code: 1, stderr: 'port "99999" is out of range; expected a port number from 0 to 65535\n' },
  ],
  [
    ['listen-port', 'domain'],
    { code: 1, stderr: "Servname not supported for ai_socktype: `domain'\n" },
  ],
  [['fwmark']],
  [['fwmark', '']],
  [['fwmark', 'x']],
  [['fwmark', '0X10']],
  [['fwmark', '0x']],
  [['fwmark', '0xfffffffff']],
  [['fwmark', '4294967296']],
  [['fwmark', '4294967295']],
  [['fwmark', '0xAbC']],
  [['fwmark', '010']],
  [['fwmark', 'OFF']],
  [['fwmark', '1']],
  [['fwmark', '0']],
  [['private-key']],
  [['private-key', '/nonexistent']],
  [['private-key', '/nonexistent/x', 'bogus']],
  [['private-key', '/']],
  [['private-key', '/dev/null']],
  [['private-key', 'EMPTY']],
  [['private-key', 'FILE']],
  [['private-key', 'BAD']],
  [['preshared-key', 'FILE']],
  [['remove']],
  [['endpoint', '192.0.2.1:5']],
  [['allowed-ips', '10.0.0.0/8']],
  [['persistent-keepalive', '5']],
  [['bogus']],
  [['bogus', 'x']],
  [['Peer', KEY]],
  [['peer']],
  [['peer', '']],
  [['peer', 'x']],
  [
    ['peer', `${KEY.slice(0, -2)}9=`],
    { code: 1, stderr: "Key is not the correct length or format: `(hidden)'\n" },
  ],
  [
    ['peer', KEY.slice(0, -1)],
    { code: 1, stderr: "Key is not the correct length or format: `(hidden)'\n" },
  ],
  [peer()],
  [peer('bogus')],
  [peer('listen-port', '1')],
  [peer('preshared-key')],
  [peer('preshared-key', '/nonexistent')],
  [peer('preshared-key', 'FILE')],
  [peer('preshared-key', '/dev/null')],
  [peer('endpoint')],
  [peer('endpoint', '')],
  [peer('endpoint', 'x')],
  [peer('endpoint', '192.0.2.1')],
  [peer('endpoint', '192.0.2.1:')],
  [peer('endpoint', ':5')],
  [peer('endpoint', '192.0.2.1:5')],
  [peer('endpoint', '[2001:DB8::0]:5')],
  [peer('endpoint', '[::ffff:192.0.2.1]:65535')],
  [peer('endpoint', '::1:5')],
  [peer('endpoint', '[::1')],
  [peer('endpoint', '[::1]')],
  [peer('endpoint', '[::1]5')],
  [peer('endpoint', '192.0.2.1 :5')],
  [peer('endpoint', 'xx..yy:5')],
  [peer('endpoint', '-:5')],
  [peer('endpoint', 'localhost:5')],
  // wg(8) asks again and again for a service of that name.
  [
    peer('endpoint', '192.0.2.1:x'),
    { code: 1, stderr: "Servname not supported for ai_socktype: `192.0.2.1:x'\n" },
  ],
  [
    peer('endpoint', '192.0.2.1:99999'),
    { code: 1, stderr: 'port "99999" is out of range; expected a port number from 0 to 65535\n' },
  ],
  [
    peer('endpoint', '127.1:5'),
    {
      code: 1,
      stderr:
        '"127.1" is neither an IP address nor a host name; expected host:port, with an IPv6 address in brackets\n',
    },
  ],
  [peer('persistent-keepalive')],
  [peer('persistent-keepalive', '')],
  [peer('persistent-keepalive', 'x')],
  [peer('persistent-keepalive', '-1')],
  [peer('persistent-keepalive', '65536')],
  [peer('persistent-keepalive', '65535')],
  [peer('persistent-keepalive', 'Off')],
  [peer('allowed-ips')],
  [peer('allowed-ips', 'x')],
  [peer('allowed-ips', '10.0.0.0/33')],
  [peer('allowed-ips', '10.0.0.0/x')],
  [peer('allowed-ips', '10.0.0.0/')],
  [peer('allowed-ips', '10.0.0.1,')],
  [peer('allowed-ips', ',10.0.0.1')],
  [peer('allowed-ips', '010.0.0.1')],
  [peer('allowed-ips', 'fd00::/129')],
  [peer('allowed-ips', '10.0.0.1/8,10.0.0.0/33')],
  [peer('allowed-ips', '10.0.0.1/08, fd00::1/64 ,10.0.0.1')],
  [peer('allowed-ips', '10.0.0.0/8,10.1.0.0/16', 'allowed-ips', '10.2.0.0/16')],
  [peer('allowed-ips', '')],
  [peer('allowed-ips', '0.0.0.0/0,::/0')],
  [peer('remove', 'endpoint', '192.0.2.1:5')],
  [[...peer('allowed-ips', '10.9.0.0/16'), 'peer', KEY, 'endpoint', '192.0.2.1:9']],
  [[...peer('allowed-ips', '10.9.0.0/16'), 'peer', publicKeyOf(2), 'allowed-ips', '10.9.0.0/16']],
  [['listen-port', '51824', 'fwmark', '0x2a', 'private-key', 'FILE', ...peer('remove')]],
]

function peer(...args: readonly string[]): readonly string[] {
  return ['peer', KEY, ...args]
}
