/** Keys made for these tests. */
export const PRIVATE_KEY = 'QKc6dDpBgbJ2lUlGdp0q3OlLhhPCHN5Ll8p0T2Bl/Xg='
export const KEY_A = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='
export const KEY_B = 'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0='
export const KEY_C = '9taAo0OsIbfjMtqCW9RnMO71yAP9THJY8Lcbp0gFygo='
export const PSK = 'FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE='
export const ZERO = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='

/**
 * A file that wg(8) and we read alike, be it to the same error. Ports stay below 10,000: a higher
 * one was picked at random.
 */
export interface WgCase {
  readonly name: string
  readonly text: string
}

/** A file that wg(8) takes and we refuse, with our sentence. */
export interface WgDifference extends WgCase {
  readonly report: string
}

const peer = (lines: string) => `[Peer]\nPublicKey = ${KEY_A}\n${lines}`

export const CASES: readonly WgCase[] = [
  { name: 'an empty file', text: '' },
  { name: 'comments and empty lines alone', text: '# a\n\n  \t\n#[Interface]\n' },
  { name: 'an empty [Interface]', text: '[Interface]\n' },
  {
    name: 'every key',
    text: `[Interface]\nPrivateKey = ${PSK}\nListenPort = 4001\nFwMark = 0xfF\n\n[Peer]\nPublicKey = ${KEY_A}\nPresharedKey = ${PRIVATE_KEY}\nAllowedIPs = 10.0.0.0/8, fd00::/64\nEndpoint = 192.0.2.1:5\nPersistentKeepalive = 25\n`,
  },
  {
    name: 'CRLF',
    text: `[Interface]\r\nListenPort = 4001\r\n\r\n${peer('AllowedIPs = 10.0.0.1/32\r\n')}`,
  },
  {
    name: 'mixed line ends',
    text: `[Interface]\r\nListenPort = 4001\n[Peer]\r\nPublicKey = ${KEY_A}\n`,
  },
  { name: 'no final newline', text: '[Interface]\nListenPort = 4001' },
  {
    name: 'a carriage return alone, which is no line end',
    text: '[Interface]\rListenPort = 4001\n',
  },
  { name: 'inline comments', text: '[Interface] # a\nListenPort = 4001# b = c\n' },
  {
    name: 'white space inside keys, headers and values',
    text: `[ Inter face ]\nList en\tPort = 4 0 0 1\n[Peer]\nPublicKey=${KEY_A.slice(0, 9)} ${KEY_A.slice(9)}\n`,
  },
  {
    name: 'upper and lower case',
    text: `[INTERFACE]\nlistenport = 4001\nFWMARK = OFF\n[pEER]\npublickey = ${KEY_A}\n`,
  },
  {
    name: 'a repeated [Interface]',
    text: '[Interface]\nListenPort = 4001\nFwMark = 3\n[Interface]\nListenPort = 4002\n',
  },
  { name: 'a repeated key', text: '[Interface]\nListenPort = 4001\nListenPort = 4002\n' },
  {
    name: 'a peer twice, which makes two updates',
    text: `${peer('AllowedIPs = 10.0.0.1\nPersistentKeepalive = 5\n')}${peer('AllowedIPs = 10.0.0.2\n')}`,
  },
  {
    name: 'a peer twice with another between',
    text: `${peer('')}[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = 10.0.0.1\n${peer('AllowedIPs = 10.0.0.1\n')}`,
  },
  {
    name: 'two peers with the same allowed IP',
    text: `${peer('AllowedIPs = 10.0.0.1\n')}[Peer]\nPublicKey = ${KEY_B}\nAllowedIPs = 10.0.0.1\n`,
  },
  {
    name: 'AllowedIPs in several lines',
    text: peer('AllowedIPs = 10.0.0.1\nAllowedIPs = 10.0.0.2, ::1\n'),
  },
  {
    name: 'AllowedIPs with host parts',
    text: peer('AllowedIPs = 10.0.0.1/24, 0:0::1/64, 10.0.0.9/008\n'),
  },
  { name: 'AllowedIPs of all addresses', text: peer('AllowedIPs = 0.0.0.0/0, ::/0\n') },
  {
    name: 'a peer key that comes last',
    text: `[Peer]\nAllowedIPs = 10.0.0.1\nPublicKey = ${KEY_A}\n`,
  },
  {
    name: 'a peer key twice in one section',
    text: `[Peer]\nPublicKey = ${KEY_B}\nPublicKey = ${KEY_A}\n`,
  },
  {
    name: 'zero keys, which remove',
    text: `[Interface]\nPrivateKey = ${ZERO}\n${peer(`PresharedKey = ${ZERO}\n`)}`,
  },
  { name: 'a zero public key', text: `[Peer]\nPublicKey = ${ZERO}\nAllowedIPs = 10.0.0.1\n` },
  { name: 'marks', text: '[Interface]\nFwMark = 010\n' },
  { name: 'the highest mark', text: '[Interface]\nFwMark = 0xffffffff\n' },
  { name: 'a port with leading zeros', text: '[Interface]\nListenPort = 004001\n' },
  { name: 'keepalive off', text: peer('PersistentKeepalive = Off\n') },
  { name: 'an IPv6 endpoint', text: peer('Endpoint = [2001:DB8:0::1]:5\n') },
  { name: 'an IPv6 endpoint without brackets', text: peer('Endpoint = 2001:db8::1:5\n') },
  { name: 'an IPv4 endpoint in brackets', text: peer('Endpoint = [192.0.2.1]:5\n') },
  { name: 'an endpoint twice', text: peer('Endpoint = 192.0.2.1:5\nEndpoint = 192.0.2.2:6\n') },
  { name: 'a NUL in a comment', text: '[Interface]\nListenPort = 4001 # a\0b\n' },
  // Errors.
  { name: 'a byte order mark', text: '\uFEFF[Interface]\nListenPort = 4001\n' },
  { name: 'a byte order mark before a comment', text: '\uFEFF# a\n[Interface]\n' },
  { name: 'a no-break space', text: '[Interface]\nListenPort\u00A0= 4001\n' },
  { name: 'an unknown key', text: '[Interface]\nJc = 4\n' },
  { name: 'an unknown section', text: '[Foo]\nListenPort = 4001\n' },
  { name: 'a key of wg-quick', text: '[Interface]\nAddress = 10.0.0.1/24\n' },
  { name: 'a key outside of a section', text: 'ListenPort = 4001\n' },
  { name: 'a key of a peer in [Interface]', text: '[Interface]\nAllowedIPs = 10.0.0.1\n' },
  { name: 'a key of [Interface] in a peer', text: peer('ListenPort = 4001\n') },
  { name: 'no equals sign', text: '[Interface]\nListenPort 4001\n' },
  { name: 'a semicolon comment', text: '; a\n' },
  { name: 'an unclosed header', text: '[Interface\n' },
  { name: 'empty values', text: peer('AllowedIPs =\n') },
  { name: 'a value that is a comment', text: '[Interface]\nListenPort = # 4001\n' },
  { name: 'a peer without a key', text: '[Peer]\nAllowedIPs = 10.0.0.1\n' },
  { name: 'a peer without a key and a bad line after it', text: '[Peer]\n[Peer]\nFoo = 1\n' },
  { name: 'a warning before an error', text: peer('AllowedIPs = 10.0.0.1/8\nFoo = 1\n') },
  { name: 'a warning before an error in one list', text: peer('AllowedIPs = 10.0.0.1/8, x\n') },
  { name: 'a warning and a missing key', text: '[Peer]\nAllowedIPs = 10.0.0.1/8\n' },
  { name: 'a short public key', text: '[Peer]\nPublicKey = abc\n' },
  { name: 'a service that does not exist', text: '[Interface]\nListenPort = abc\n' },
  { name: 'a negative port', text: '[Interface]\nListenPort = -1\n' },
  ...['0x', '0X1', '-1', '+1', '4294967296', '0x100000000', '5x', 'on'].map((mark) => ({
    name: `FwMark ${mark}`,
    text: `[Interface]\nFwMark = ${mark}\n`,
  })),
  ...['65536', '-1', '+1', 'on', '5x'].map((seconds) => ({
    name: `PersistentKeepalive ${seconds}`,
    text: peer(`PersistentKeepalive = ${seconds}\n`),
  })),
  ...[
    ',',
    '10.0.0.1,',
    ',10.0.0.1',
    '10.0.0.1/33',
    '::1/129',
    '10.0.0.1/',
    '10.0.0.1/8/9',
    '10.0.0.1/+8',
    '10.1/8',
    '010.0.0.1',
    'fe80::1%lo',
    'a.example',
    '10.0.0.1/x',
    '/8',
  ].map((list) => ({ name: `AllowedIPs ${list}`, text: peer(`AllowedIPs = ${list}\n`) })),
  ...[
    '192.0.2.1',
    '192.0.2.1:',
    '[::1]',
    '[::1',
    '[::1]:',
    '[::1]5',
    ':5',
    '[]:5',
    'a/b:5',
    '192.0.2.1:x',
    '::1',
    'x]:5',
    'a/b:x',
    '-a:5',
    '192.0.2.1:-1',
  ].map((endpoint) => ({ name: `Endpoint ${endpoint}`, text: peer(`Endpoint = ${endpoint}\n`) })),
]

export const differences: readonly WgDifference[] = [
  {
    name: 'a port that wg wraps to 34463',
    text: '[Interface]\nListenPort = 99999\n',
    report: 'ListenPort: port "99999" is out of range; expected a port number from 0 to 65535',
  },
  {
    name: 'a port with a sign',
    text: '[Interface]\nListenPort = +5\n',
    report: 'ListenPort: port "+5" is out of range; expected a port number from 0 to 65535',
  },
  {
    name: 'a service name',
    text: '[Interface]\nListenPort = domain\n',
    report: "Servname not supported for ai_socktype: `domain'",
  },
  {
    name: 'an endpoint port that wg wraps',
    text: peer('Endpoint = 192.0.2.1:99999\n'),
    report: 'Endpoint: port "99999" is out of range; expected a port number from 0 to 65535',
  },
  {
    name: 'a shortened IPv4 address',
    text: peer('Endpoint = 192.2:5\n'),
    report:
      'Endpoint: "192.2" is neither an IP address nor a host name; expected host:port, with an IPv6 address in brackets',
  },
  {
    name: 'a NUL character',
    text: '[Interface]\nListenPort = 4001\0 2\n',
    report: 'NUL character, after which wg(8) ignores the rest of the line; expected text',
  },
]
