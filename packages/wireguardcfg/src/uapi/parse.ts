import { canonicalAllowedIP, type AllowedIP } from '../model/allowed-ip.js'
import { type Device, emptyPeer, type Peer, type PeerDraft } from '../model/device.js'
import { parseEndpoint, type Endpoint } from '../model/endpoint.js'
import { isWireGuardError, WireGuardError } from '../model/errors.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import { KEY_LENGTH, type PublicKey, type SecretKey } from '../model/key.js'
import { BORINGTUN, type Dialect, GENERAL } from './dialect.js'
import { replyError } from './reply-error.js'
import { KEYS, keyAt, type Key } from './reply-keys.js'
import { SecretSlab } from './secret-slab.js'
import { joinBytes, readInteger, readKey } from './values.js'

/** Parses the reply of a daemon piece by piece. It does no input or output of its own. */
export class ReplyParser {
  readonly #operation: string
  readonly #device: string
  #peers: Peer[] = []
  #rest: Buffer = Buffer.alloc(0)
  #line = 0
  #bytes = 0
  /** The keys of the current section, as bits of `Key.bit`. */
  #seen = 0
  /** Lines of the current section whose keys are unknown. */
  #unknown = 0
  #peerCount = 0
  readonly #publicKeys = new Set<PublicKey>()
  /** Of all peers. */
  #allAllowedIPs = 0
  #errno: number | undefined
  #done = false
  #privateKey: SecretKey | undefined
  #ownPublicKey: PublicKey | undefined
  #listenPort = 0
  #firewallMark = 0
  #peer: PeerDraft | undefined
  /** The allowed IPs of `#peer`, followed by what is left of longer lists. */
  readonly #allowedIPs: AllowedIP[] = []
  #allowedIPCount = 0
  /** Whether a peer has its protocol version, which boringtun does not tell. */
  #tellsVersions = false
  #handshakeSeconds = 0
  #handshakeNanoseconds = 0
  readonly #secrets = new SecretSlab()

  constructor(operation: string, device: string) {
    this.#operation = operation
    this.#device = device
  }

  /** True once the blank line after `errno` was read. Later bytes are ignored. */
  get done(): boolean {
    return this.#done
  }

  /** The value of `errno`; `undefined` before it was read. 0: success. */
  get errno(): number | undefined {
    return this.#errno
  }

  /**
   * Parses the next bytes, which may be cut anywhere. Bytes that are kept are copied.
   *
   * @throws WireGuardError `EPROTO` when they are not a reply
   */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > MOST_BYTES) throw this.#protocolError(`more than ${MOST_BYTES} bytes`)
    const bytes = this.#join(chunk)
    let start = 0
    while (!this.#done) {
      const end = bytes.indexOf(LF, start)
      if (end < 0) break
      this.#readLine(bytes, start, end)
      start = end + 1
    }
    if (this.#done) {
      this.#rest = EMPTY
      return
    }
    // A copy, because the caller may reuse its buffer.
    this.#rest = start === bytes.byteLength ? EMPTY : joinBytes(bytes.subarray(start), EMPTY)
    if (this.#rest.byteLength > LONGEST_LINE) {
      this.#line++
      throw this.#tooLong()
    }
  }

  /**
   * Checks that the reply is complete, and returns its error number.
   *
   * @throws WireGuardError `EPROTO`
   */
  complete(): number {
    if (this.#done && this.#errno !== undefined) return this.#errno
    throw this.#protocolError('the connection ended before the reply was complete')
  }

  /**
   * Ends the reply, once it is complete or the connection is closed.
   *
   * @throws WireGuardError the daemon's error, or `EPROTO` when the reply is incomplete
   */
  finish(): void {
    const error = replyError(this.complete(), { operation: this.#operation, device: this.#device })
    if (error !== undefined) throw error
  }

  /**
   * Returns the peers that became complete since the last call, for callers that do not hold all of
   * them. `now` is when they were read, in milliseconds of Unix time.
   */
  takePeers(now: number): Peer[] {
    if (this.#ownPublicKey !== undefined) this.#readElapsedHandshakes(now)
    const peers = this.#peers
    this.#peers = []
    return peers
  }

  /**
   * Returns the remaining peers of a complete reply.
   *
   * @throws WireGuardError as {@link ReplyParser.finish}
   */
  takeLastPeers(now: number): Peer[] {
    this.finish()
    this.#endPeer()
    return this.takePeers(now)
  }

  /**
   * Returns the device of a complete reply to a get, with the remaining peers. `now` is as for
   * {@link ReplyParser.takePeers}.
   */
  device(now: number): Device {
    const peers = this.takeLastPeers(now)
    return {
      name: this.#device,
      backend: 'userspace',
      index: undefined,
      privateKey: this.#privateKey,
      publicKey: this.#privateKey?.publicKey() ?? this.#ownPublicKey,
      listenPort: this.#listenPort,
      firewallMark: this.#firewallMark,
      peers,
    }
  }

  /** What answered, if the reply to a get tells it. */
  get dialect(): Dialect | undefined {
    if (this.#ownPublicKey !== undefined) return BORINGTUN
    return this.#privateKey !== undefined || this.#tellsVersions ? GENERAL : undefined
  }

  #join(chunk: Uint8Array): Buffer {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    return this.#rest.byteLength === 0 ? bytes : joinBytes(this.#rest, bytes)
  }

  #readLine(bytes: Buffer, start: number, end: number): void {
    this.#line++
    if (start === end) {
      if (this.#errno === undefined) throw this.#protocolError('blank line before errno')
      this.#done = true
      return
    }
    if (this.#errno !== undefined) throw this.#protocolError('line after "errno"')
    if (end - start > LONGEST_LINE) throw this.#tooLong()
    const equals = bytes.indexOf(EQUALS, start)
    if (equals < 0 || equals >= end) throw this.#protocolError('line without "="')
    const key = keyAt(bytes, start, equals)
    // Unknown keys are ignored, because implementations add their own.
    if (key === undefined) this.#ignore(bytes, start, end)
    else this.#readValue(key, bytes, equals + 1, end)
  }

  #ignore(bytes: Buffer, start: number, end: number): void {
    if (++this.#unknown > MOST_UNKNOWN) {
      throw this.#protocolError(`more than ${MOST_UNKNOWN} unknown keys of one peer or device`)
    }
    const line = bytes.subarray(start, end)
    if (line.includes(NUL) || line.includes(CR)) throw this.#protocolError('NUL or "\\r"')
  }

  #beginPeer(publicKey: PublicKey): void {
    this.#endPeer()
    this.#seen = this.#unknown = 0
    this.#publicKeys.add(publicKey)
    const count = ++this.#peerCount
    if (this.#publicKeys.size < count) throw this.#protocolError('a peer for the second time')
    if (count > MOST_PEERS) throw this.#protocolError(`more than ${MOST_PEERS} peers`)
    this.#peer = emptyPeer(publicKey)
  }

  #readValue(key: Key, bytes: Buffer, start: number, end: number): void {
    if (key === KEYS.public_key) {
      this.#beginPeer(this.#publicKey(key, bytes, start, end))
      return
    }
    if (key !== KEYS.allowed_ip) {
      if ((this.#seen & key.bit) !== 0)
        throw this.#protocolError(`"${key.name}" for the second time`)
      this.#seen |= key.bit
    }
    switch (key) {
      case KEYS.errno:
        this.#errno = this.#errnoValue(bytes.toString('latin1', start, end))
        return
      case KEYS.private_key:
        this.#privateKey = this.#secret(key, bytes, start, end)
        return
      case KEYS.own_public_key:
        this.#ownPublicKey = this.#publicKey(key, bytes, start, end)
        return
      case KEYS.listen_port:
        this.#listenPort = this.#integer(key, bytes, start, end, 0xffff)
        return
      case KEYS.fwmark:
        this.#firewallMark = this.#integer(key, bytes, start, end, 0xffff_ffff)
        return
    }
    const peer = this.#peer
    if (peer === undefined) throw this.#protocolError(`"${key.name}" before the first public_key`)
    switch (key) {
      case KEYS.preshared_key:
        peer.presharedKey = this.#secret(key, bytes, start, end)
        break
      case KEYS.endpoint:
        // A zone may be any name that the kernel accepts.
        peer.endpoint = this.#parsed(key, parseEndpoint, this.#utf8(key, bytes, start, end))
        break
      case KEYS.persistent_keepalive_interval:
        peer.persistentKeepalive = this.#seconds(key, bytes, start, end)
        break
      case KEYS.last_handshake_time_sec:
        this.#handshakeSeconds = this.#integer(key, bytes, start, end, LATEST_SECOND)
        break
      case KEYS.last_handshake_time_nsec:
        this.#handshakeNanoseconds = this.#integer(key, bytes, start, end, 999_999_999)
        break
      case KEYS.rx_bytes:
        peer.receiveBytes = this.#integer(key, bytes, start, end)
        break
      case KEYS.tx_bytes:
        peer.transmitBytes = this.#integer(key, bytes, start, end)
        break
      case KEYS.protocol_version:
        peer.protocolVersion = this.#integer(key, bytes, start, end)
        this.#tellsVersions = true
        break
      case KEYS.allowed_ip:
        if (++this.#allAllowedIPs > MOST_ALLOWED_IPS) {
          throw this.#protocolError(`more than ${MOST_ALLOWED_IPS} allowed ips`)
        }
        this.#allowedIPs[this.#allowedIPCount++] = this.#parsed(
          key,
          canonicalAllowedIP,
          bytes.toString('latin1', start, end),
        )
        break
    }
  }

  #endPeer(): void {
    const peer = this.#peer
    if (peer === undefined) return
    // A copy has exactly the length it needs. An array that grew has room for 16 more.
    peer.allowedIPs = this.#allowedIPs.slice(0, this.#allowedIPCount)
    peer.lastHandshake = this.#lastHandshake()
    this.#peers.push(peer)
    this.#peer = undefined
    this.#allowedIPCount = this.#handshakeSeconds = this.#handshakeNanoseconds = 0
  }

  #lastHandshake(): Date | undefined {
    // In Unix time, nanoseconds without seconds mean no handshake, as wg(8) reads them. boringtun
    // reports the time since the handshake.
    const elapsed = this.#ownPublicKey !== undefined
    const shaken = this.#handshakeSeconds > 0 || (elapsed && this.#handshakeNanoseconds > 0)
    if (!shaken) return undefined
    return new Date(
      this.#handshakeSeconds * 1000 + Math.floor(this.#handshakeNanoseconds / 1_000_000),
    )
  }

  /**
   * Converts the handshakes of boringtun, which reports how long ago a handshake was, where the
   * protocol says Unix time. boringtun is recognised by its key `own_public_key`.
   */
  #readElapsedHandshakes(now: number): void {
    for (const [i, peer] of this.#peers.entries()) {
      const time = peer.lastHandshake?.getTime()
      if (time !== undefined && time < EARLIEST_UNIX_TIME) {
        this.#peers[i] = { ...peer, lastHandshake: new Date(now - time) }
      }
    }
  }

  #integer(key: Key, bytes: Buffer, start: number, end: number, max = 2 ** 64): number {
    const value = readInteger(bytes, start, end)
    if (value <= max) return value
    throw this.#protocolError(`"${key.name}" is not an integer, or is out of range`)
  }

  /** Reads a number of seconds. Of an interval, as amneziawg-go has it (22-30), the lower end. */
  #seconds(key: Key, bytes: Buffer, start: number, end: number): number {
    if (readInteger(bytes, start, end) <= 0xffff) return readInteger(bytes, start, end)
    const dash = bytes.subarray(start, end).indexOf(DASH)
    if (dash < 0) return this.#integer(key, bytes, start, end, 0xffff)
    this.#integer(key, bytes, start + dash + 1, end, 0xffff)
    return this.#integer(key, bytes, start, start + dash, 0xffff)
  }

  #errnoValue(text: string): number {
    if (/^-?[0-9]{1,9}$/.test(text)) return Number(text)
    throw this.#protocolError('"errno" is not an integer')
  }

  #publicKey(key: Key, bytes: Buffer, start: number, end: number): PublicKey {
    this.#readKey(key, bytes, start, end)
    return KEY.toString('base64')
  }

  #secret(key: Key, bytes: Buffer, start: number, end: number): SecretKey | undefined {
    this.#readKey(key, bytes, start, end)
    if (KEY.equals(NO_KEY)) return undefined
    return this.#secrets.take(KEY)
  }

  #readKey(key: Key, bytes: Buffer, start: number, end: number): void {
    if (readKey(bytes, start, end, KEY)) return
    throw this.#protocolError(`"${key.name}" is not 64 hexadecimal digits`)
  }

  /** Bytes that are no UTF-8 would become a text that also stands for others. */
  #utf8(key: Key, bytes: Buffer, start: number, end: number): string {
    const text = bytes.toString('utf8', start, end)
    if (!text.includes('\u{fffd}')) return text
    throw this.#protocolError(`"${key.name}" is not UTF-8`)
  }

  #tooLong(): WireGuardError {
    return this.#protocolError(`line longer than ${LONGEST_LINE} bytes`)
  }

  #parsed<T extends Endpoint | AllowedIP>(key: Key, parse: (text: string) => T, text: string): T {
    try {
      return parse(text)
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      throw this.#protocolError(`"${key.name}": ${error.message}`)
    }
  }

  #protocolError(detail: string): WireGuardError {
    return new WireGuardError('invalid reply from the daemon', {
      code: 'EPROTO',
      operation: this.#operation,
      device: this.#device,
      detail: `line ${this.#line}: ${detail}`,
    })
  }
}

const DASH = 45
const NUL = 0
const LF = 10
const CR = 13
const EQUALS = 61
const EMPTY = Buffer.alloc(0)
const KEY = Buffer.alloc(KEY_LENGTH)
const NO_KEY = new Uint8Array(KEY_LENGTH)

// wireguard-go's own limit on a line, 64 KiB.
const LONGEST_LINE = 65_536

// A reply that never ends must not fill the memory. No implementation comes near: wireguard-go has
// at most 65536 peers, and its peers take half a kilobyte each.
const MOST_BYTES = 2 ** 30
const MOST_UNKNOWN = 10_000

// 2001-09-09. As Unix time it is long before WireGuard; as a time since a handshake it is 31 years.
const EARLIEST_UNIX_TIME = 1e12

// The last second that a Date can hold.
const LATEST_SECOND = 8_639_999_999_999
