import { describe, expect, it } from '@jest/globals'
import type { Device, Peer } from '../../src/model/device.js'
import { ReplyParser } from '../../src/uapi/parse.js'
import { everyText, expectNoPartOf, thrown } from '../model/faults.js'
import {
  base64Of,
  bytesOf,
  PEER_HEX,
  PRESHARED_HEX,
  PRIVATE_HEX,
  reply,
  SAMPLE_REPLIES,
} from '../support/replies.js'

function parse(text: string, now = 0): Device {
  const parser = new ReplyParser('read device', 'wg0')
  parser.push(bytesOf(text))
  return parser.device(now)
}

function parsePeer(...lines: readonly string[]): Peer {
  return parse(reply(`public_key=${PEER_HEX}`, ...lines)).peers[0]!
}

const handshakeAt = (seconds: string, nanoseconds: string, ...lines: string[]): Date | undefined =>
  parse(
    reply(
      ...lines,
      `public_key=${PEER_HEX}`,
      `last_handshake_time_sec=${seconds}`,
      `last_handshake_time_nsec=${nanoseconds}`,
    ),
    Date.UTC(2026, 0, 1),
  ).peers[0]?.lastHandshake

const push = (text: string): ReplyParser => {
  const parser = new ReplyParser('configure device', 'wg0')
  parser.push(bytesOf(text))
  return parser
}

describe('a reply', () => {
  it.each(SAMPLE_REPLIES)('is read as $name writes it', ({ text, now, device }) => {
    expect(parse(text, now)).toStrictEqual(device)
  })

  it('of an empty device has every field', () => {
    expect(parse(reply())).toStrictEqual({
      name: 'wg0',
      backend: 'userspace',
      index: undefined,
      privateKey: undefined,
      publicKey: undefined,
      listenPort: 0,
      firewallMark: 0,
      peers: [],
    })
  })

  it('keeps the order of peers', () => {
    const keys = ['11', '33', '22'].map((digits) => digits.repeat(32))
    const { peers } = parse(reply(...keys.map((key) => `public_key=${key}`)))
    expect(peers.map((peer) => peer.publicKey)).toStrictEqual(keys.map(base64Of))
  })

  it.each<[string, string, Partial<Peer>]>([
    ['capital digits', `preshared_key=${'0'.repeat(64)}`, { presharedKey: undefined }],
    [
      'an IPv6 endpoint',
      'endpoint=[2001:DB8::1]:1',
      { endpoint: { host: '2001:db8::1', port: 1 } },
    ],
    [
      'a zone',
      'endpoint=[fe80::1%eth0]:65535',
      { endpoint: { host: 'fe80::1%eth0', port: 65_535 } },
    ],
    [
      'a mapped address in hexadecimal',
      'endpoint=[::ffff:102:304]:1',
      { endpoint: { host: '::ffff:1.2.3.4', port: 1 } },
    ],
    [
      'a keepalive of 65535',
      'persistent_keepalive_interval=65535',
      { persistentKeepalive: 65_535 },
    ],
    ['another protocol version', 'protocol_version=2', { protocolVersion: 2 }],
    ['an allowed IP with host bits', 'allowed_ip=10.1.2.3/8', { allowedIPs: ['10.0.0.0/8'] }],
    ['no handshake', 'last_handshake_time_sec=0', { lastHandshake: undefined }],
    ['2^53 - 1 bytes', 'rx_bytes=9007199254740991', { receiveBytes: Number.MAX_SAFE_INTEGER }],
    ['2^53 + 1 bytes, the nearest', 'rx_bytes=9007199254740993', { receiveBytes: 2 ** 53 }],
    ['2^53 + 3 bytes, the nearest', 'rx_bytes=9007199254740995', { receiveBytes: 2 ** 53 + 4 }],
    ['2^63 bytes', 'tx_bytes=9223372036854775808', { transmitBytes: 2 ** 63 }],
    ['2^64 - 1 bytes', 'tx_bytes=18446744073709551615', { transmitBytes: 2 ** 64 }],
    ['leading zeros', 'tx_bytes=00000000000000000007', { transmitBytes: 7 }],
    ['an unknown key', 'daita_enable=1', {}],
    ['an unknown key, without a value', 'daita=', {}],
    ['a value with "=" in it', 'x=y=z', {}],
    ['no key at all', '=1', {}],
  ])('is read: %s', (_, line, expected) => {
    expect(parsePeer(line)).toMatchObject(expected)
  })

  it('is read with keys in capital digits', () => {
    const device = parse(
      reply(`private_key=${PRIVATE_HEX.toUpperCase()}`, `public_key=${PEER_HEX.toUpperCase()}`),
    )
    expect(device.privateKey?.toHex()).toBe(PRIVATE_HEX)
    expect(device.peers[0]?.publicKey).toBe(base64Of(PEER_HEX))
  })

  it.each([
    ['a private key', `private_key=${'0'.repeat(64)}`],
    ['a preshared key', `public_key=${PEER_HEX}\npreshared_key=${'0'.repeat(64)}`],
  ])('with zeros sets nothing: %s', (_, lines) => {
    const device = parse(reply(lines))
    expect(device.privateKey).toBeUndefined()
    expect(device.publicKey).toBeUndefined()
    expect(device.peers[0]?.presharedKey).toBeUndefined()
  })

  it('shares no bytes with the pushed chunks', () => {
    const parser = new ReplyParser('read device', 'wg0')
    const bytes = bytesOf(
      reply(`private_key=${PRIVATE_HEX}`, `public_key=${PEER_HEX}`, 'allowed_ip=10.0.0.1/32'),
    )
    for (const cut of [90, 230]) {
      const chunk = Uint8Array.from(bytes.subarray(cut === 90 ? 0 : 90, cut))
      parser.push(chunk)
      chunk.fill(0x58)
    }
    const device = parser.device(0)
    expect(device.privateKey?.toHex()).toBe(PRIVATE_HEX)
    expect(device.peers).toMatchObject([{ allowedIPs: ['10.0.0.1/32'] }])
  })
})

describe('the last handshake', () => {
  it.each([
    ['a time', '1700000000', '123456789', new Date(1_700_000_000_123)],
    ['the last nanosecond of a second', '1700000000', '999999999', new Date(1_700_000_000_999)],
    ['whole seconds', '1700000000', '0', new Date(1_700_000_000_000)],
    ['the last second of a Date', '8639999999999', '999999999', new Date(8_639_999_999_999_999)],
    ['zeros: never', '0', '0', undefined],
    ['nanoseconds alone: never, as wg(8) reads it', '0', '5', undefined],
  ])('is Unix time: %s', (_, seconds, nanoseconds, expected) => {
    expect(handshakeAt(seconds, nanoseconds)).toStrictEqual(expected)
  })

  it.each([
    ['a minute', '60', '0', new Date(Date.UTC(2026, 0, 1) - 60_000)],
    ['half a second', '0', '500000000', new Date(Date.UTC(2026, 0, 1) - 500)],
    ['zeros: never', '0', '0', undefined],
    ['a time of this century, which is one', '1700000000', '0', new Date(1_700_000_000_000)],
  ])('is the time since, with own_public_key: %s', (_, seconds, nanoseconds, expected) => {
    expect(handshakeAt(seconds, nanoseconds, `own_public_key=${PEER_HEX}`)).toStrictEqual(expected)
  })

  it('of long ago is Unix time without own_public_key', () => {
    expect(handshakeAt('60', '0')).toStrictEqual(new Date(60_000))
  })
})

describe('the end of a reply', () => {
  it('is the blank line after errno, and the bytes after it are ignored', () => {
    const parser = push('errno=0\n\nerrno=-22\n\nnonsense\n')
    expect(parser.done).toBe(true)
    parser.push(bytesOf('nonsense'.repeat(100_000)))
    expect(() => parser.finish()).not.toThrow()
    expect(parser.device(0).peers).toStrictEqual([])
  })

  it.each([
    ['nothing', ''],
    ['no errno', 'listen_port=1\n'],
    ['errno without its newline', 'errno=0'],
    ['errno without the blank line', 'errno=0\n'],
    ['a part of a line after errno', 'errno=0\nlisten'],
  ])('is EPROTO when it comes too early: %s', (_, text) => {
    const error = thrown(() => push(text).finish())
    expect(error).toMatchObject({ code: 'EPROTO', operation: 'configure device', device: 'wg0' })
    expect(error.detail).toContain('ended before')
  })

  it.each([
    ['-22', 'EINVAL'],
    ['22', 'EINVAL'],
    ['-98', 'EADDRINUSE'],
    ['-55', 'EIO'],
    ['55', 'EIO'],
    ['999999999', 'EIO'],
  ])('throws the error of the daemon: errno=%s', (errno, code) => {
    const finish = (): void => push(`listen_port=1\nerrno=${errno}\n\n`).finish()
    expect(thrown(finish)).toMatchObject({ code, detail: `errno=${errno}`, device: 'wg0' })
  })
})

describe('an invalid line is EPROTO with the number of the line:', () => {
  it.each([
    ['a blank line before errno', 'listen_port=1\n\n', 'line 2: blank line before errno'],
    ['a line without "="', 'listen_port=1\nhello\n', 'line 2: line without "="'],
    ['a line of 65,537 bytes', `x=${'y'.repeat(65_535)}`, 'line 1: line longer than 65536 bytes'],
    ['an errno that is text', 'errno=EINVAL\n', 'line 1: "errno"'],
    ['an empty errno', 'errno=\n', 'line 1: "errno"'],
    ['an errno of ten digits', 'errno=4294967274\n', 'line 1: "errno"'],
    ['two signs', 'errno=--1\n', 'line 1: "errno"'],
    ['a field of a peer first', 'rx_bytes=1\n', 'line 1: "rx_bytes" before the first public_key'],
    ['a port of 65536', 'listen_port=65536\n', 'line 1: "listen_port"'],
    ['a negative port', 'listen_port=-1\n', 'line 1: "listen_port"'],
    ['an empty number', 'fwmark=\n', 'line 1: "fwmark"'],
    ['a hexadecimal number', 'fwmark=0x2a\n', 'line 1: "fwmark"'],
    ['a mark of 2^32', 'fwmark=4294967296\n', 'line 1: "fwmark"'],
    ['a space before a number', 'fwmark= 1\n', 'line 1: "fwmark"'],
    ['a carriage return', 'listen_port=1\r\n', 'line 1: "listen_port"'],
    ['a private key of 63 digits', `private_key=${PRIVATE_HEX.slice(1)}\n`, '"private_key" is not'],
    ['a private key of 66 digits', `private_key=${PRIVATE_HEX}00\n`, '"private_key" is not'],
    ['a key in base64', `private_key=${base64Of(PRIVATE_HEX)}\n`, '"private_key" is not'],
    ['a key with a letter', `public_key=${PEER_HEX.slice(1)}g\n`, '"public_key" is not'],
    ['a key with a byte of 0xff', `public_key=${PEER_HEX.slice(1)}\xff\n`, '"public_key" is not'],
    ['an empty key', 'public_key=\n', '"public_key" is not'],
    ['a field after errno', 'errno=0\nlisten_port=1\n', 'line 2: line after "errno"'],
    ['an unknown key after errno', 'errno=0\nx=1\n', 'line 2: line after "errno"'],
    ['a peer after errno', `errno=0\npublic_key=${PEER_HEX}\n`, 'line 2: line after "errno"'],
    ['a second errno', 'errno=1\nerrno=0\n', 'line 2: line after "errno"'],
    [
      'a field twice',
      'listen_port=1\nx=1\nlisten_port=1\n',
      'line 3: "listen_port" for the second',
    ],
    ['a key twice', `private_key=${PRIVATE_HEX}\n`.repeat(2), '"private_key" for the second'],
    ['a peer twice', `public_key=${PEER_HEX}\n`.repeat(2), 'line 2: a peer for the second time'],
    ['a carriage return after an unknown key', 'x=1\r\n', 'line 1: NUL or "\\r"'],
    ['a NUL after an unknown key', 'x=\0\n', 'line 1: NUL or "\\r"'],
    ['a carriage return alone', 'errno=0\n\r\n', 'line 2: line after "errno"'],
    ['a whole line of 65,537 bytes', `x=${'y'.repeat(65_535)}\n`, 'longer than 65536 bytes'],
    [
      'ten thousand unknown keys and one more',
      'x=y\n'.repeat(10_001),
      'line 10001: more than 10000',
    ],
  ])('%s', (_, text, detail) => {
    const parser = new ReplyParser('read device', 'wg0')
    const error = thrown(() => parser.push(bytesOf(text)))
    expect(error).toMatchObject({ code: 'EPROTO', operation: 'read device', device: 'wg0' })
    expect(error.detail).toContain(detail)
    expectNoPartOf(PRIVATE_HEX.slice(2, 20), everyText(error))
  })

  it.each([
    ['more than 64 bits', 'rx_bytes=18446744073709555713', '"rx_bytes"'],
    ['21 digits', `rx_bytes=${'1'.repeat(21)}`, '"rx_bytes"'],
    ['20 nines', `tx_bytes=${'9'.repeat(20)}`, '"tx_bytes"'],
    ['a fraction', 'rx_bytes=1.5', '"rx_bytes"'],
    ['an exponent', 'rx_bytes=1e3', '"rx_bytes"'],
    ['a keepalive of 65536', 'persistent_keepalive_interval=65536', 'persistent_keepalive'],
    ['10^9 nanoseconds', 'last_handshake_time_nsec=1000000000', 'last_handshake_time_nsec'],
    ['a second that no Date holds', 'last_handshake_time_sec=8640000000000', '_time_sec'],
    ['seconds below zero', 'last_handshake_time_sec=-1', 'last_handshake_time_sec'],
    ['a name as endpoint', 'endpoint=example.com:1', '"endpoint"'],
    ['an endpoint without a port', 'endpoint=192.0.2.1', '"endpoint"'],
    ['a port of 65536', 'endpoint=192.0.2.1:65536', '"endpoint"'],
    ['a prefix length of 33', 'allowed_ip=10.0.0.0/33', '"allowed_ip"'],
    ['no address', 'allowed_ip=/0', '"allowed_ip"'],
    ['a field twice', 'rx_bytes=1\ntx_bytes=1\nrx_bytes=1', '"rx_bytes" for the second time'],
    ['a zone that is no UTF-8', 'endpoint=[fe80::1%\xff]:1', '"endpoint" is not UTF-8'],
    ['a preshared key as endpoint', `endpoint=${PRESHARED_HEX}`, '"endpoint"'],
    ['a preshared key as allowed IP', `allowed_ip=${PRESHARED_HEX}/32`, '"allowed_ip"'],
  ])('of a peer: %s', (_, line, detail) => {
    const error = thrown(() => parsePeer(line))
    expect(error.code).toBe('EPROTO')
    expect(error.detail).toMatch(/^line [24]: /)
    expect(error.detail).toContain(detail)
    expectNoPartOf(PRESHARED_HEX, everyText(error))
  })
})
