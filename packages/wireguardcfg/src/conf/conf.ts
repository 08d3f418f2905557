import { inspect } from 'node:util'
import type { PublicKey } from '../model/key.js'
import { ConfLine, type LineEnd } from './line.js'
import type { ParsedParts } from './parse-parts.js'
import { ConfParts } from './parts.js'
import { PeerIndex } from './peer-index.js'
import { type AnyKey, ConfSection } from './section.js'

/**
 * A `.conf` file of wg(8) or wg-quick(8), kept to the last byte: comments, unknown keys, order,
 * indentation and line ends. Edits take effect at once and change only the lines of the key that
 * they name. `parseConf` reads a file and `formatConf` writes it.
 *
 * `console.log` and `JSON.stringify` show none of its content, because it holds private keys.
 */
export class Conf {
  readonly #parts: ConfParts
  readonly #end: LineEnd
  readonly #peerIndex = new PeerIndex()

  constructor(parsed: ParsedParts, end: LineEnd) {
    this.#parts = new ConfParts(parsed)
    this.#end = end
  }

  /**
   * Every line in order. A line does not print its content, but its `text` may hold secrets.
   */
  get lines(): readonly ConfLine[] {
    return this.#parts.lines
  }

  /** The line end of new sections, which is that of the file's first line. */
  get lineEnd(): '\n' | '\r\n' {
    return this.#end === '\r\n' ? '\r\n' : '\n'
  }

  /** Every section in order. */
  get sections(): readonly ConfSection[] {
    return this.#parts.sections
  }

  /**
   * Every `[Interface]`, nearly always one. wg(8) merges several, and uses the last value of a
   * key.
   */
  get interfaces(): readonly ConfSection[] {
    return this.sections.filter(({ kind }) => kind === 'interface')
  }

  /** Every `[Peer]`, including several of the same public key. */
  get peers(): readonly ConfSection[] {
    return this.sections.filter(({ kind }) => kind === 'peer')
  }

  /**
   * Returns the value of a key of `[Interface]`, the last one of several; `undefined` when the key
   * is absent. The value may be a secret.
   *
   * @example
   * ```ts
   * parseConf('[Interface]\nListenPort = 51820\n').get('ListenPort') // '51820'
   * ```
   */
  get(key: AnyKey): string | undefined {
    return this.getAll(key).at(-1)
  }

  /**
   * Returns every value of a key of `[Interface]`, in order. The values may be secrets.
   *
   * @example
   * ```ts
   * conf.getAll('PostUp') // ['iptables -A …', 'ip6tables -A …']
   * ```
   */
  getAll(key: AnyKey): string[] {
    return this.interfaces.flatMap((section) => section.getAll(key))
  }

  /**
   * Sets the values of a key of `[Interface]`: see {@link ConfSection.set}. Of several
   * `[Interface]`, the last one that has the key gets all values. If there is none, one is added at
   * the top.
   *
   * @example
   * ```ts
   * conf.set('ListenPort', '51820')
   * conf.set('Address', ['10.0.0.1/24', 'fd00::1/64'])
   * ```
   *
   * @throws WireGuardError `EINVAL` when the file could not be read back with the same value, for
   * example because of a line break
   */
  set(key: AnyKey, value: string | readonly string[]): void {
    const target = this.#interfaceWith(key)
    // Before all other changes, because it may throw.
    target.set(key, value)
    for (const section of this.interfaces) if (section !== target) section.unset(key)
    this.#addAtTop(target)
  }

  /**
   * Adds a line of a key to `[Interface]`, after the existing lines of the key.
   *
   * @example
   * ```ts
   * conf.add('PostUp', 'sysctl -w net.ipv4.ip_forward=1')
   * ```
   *
   * @throws WireGuardError `EINVAL` as {@link Conf.set}
   */
  add(key: AnyKey, value: string): void {
    const target = this.#interfaceWith(key)
    target.add(key, value)
    this.#addAtTop(target)
  }

  /**
   * Removes every line of a key of `[Interface]`. Returns whether there was one.
   *
   * @example
   * ```ts
   * conf.unset('SaveConfig')
   * ```
   */
  unset(key: AnyKey): boolean {
    return this.interfaces.map((section) => section.unset(key)).includes(true)
  }

  /**
   * Returns the last `[Peer]` of this public key; `undefined` when there is none.
   *
   * @example
   * ```ts
   * conf.peer(publicKey)?.set('AllowedIPs', '10.0.0.2/32')
   * ```
   */
  peer(publicKey: PublicKey): ConfSection | undefined {
    return this.#peerIndex.find(publicKey, () => this.peers).at(-1)
  }

  /**
   * Adds an empty `[Peer]` at the end, after an empty line, and returns it. See also `addPeer`.
   *
   * @example
   * ```ts
   * conf.addPeerSection().set('PublicKey', publicKey)
   * ```
   */
  addPeerSection(): ConfSection {
    const last = this.#parts.lastLine
    const section = this.#newSection('peer', false, last !== undefined && last.text !== '')
    this.#parts.push(section)
    this.#peerIndex.add(section)
    return section
  }

  /**
   * Removes every `[Peer]` of this public key with its comments: those directly above it, and those
   * that close it. The lines after the next empty line stay, and so do disabled peers. Returns
   * whether there was a peer.
   *
   * @example
   * ```ts
   * if (!conf.removePeer(publicKey)) throw new Error('no such peer')
   * ```
   */
  removePeer(publicKey: PublicKey): boolean {
    const sections = this.#peerIndex.find(publicKey, () => this.peers)
    for (const section of sections) this.#parts.remove(section)
    this.#peerIndex.delete(publicKey)
    return sections.length > 0
  }

  /**
   * The peers that are commented out with their header: `#[Peer]`, `# [Peer]`, or the
   * `#[disabled]` of PiVPN. Each is a copy, as it is once it is enabled: an edit of it does not
   * change the file.
   *
   * @example
   * ```ts
   * const names = conf.disabledPeers.map((section) => peerName(section))
   * ```
   */
  get disabledPeers(): readonly ConfSection[] {
    return this.#parts.disabled.map((peer) => peer.enabled())
  }

  /**
   * Disables every `[Peer]` of this public key: its header and its entries become comments in their
   * place. {@link Conf.enablePeer} restores them to the byte. Returns whether there was a peer. A
   * section that was read before is no longer part of the file.
   *
   * @example
   * ```ts
   * conf.disablePeer(publicKey)
   * await wg.applyConf('wg0', conf)
   * ```
   *
   * @throws WireGuardError `EINVAL` and changes nothing when enabling could not restore the peer:
   * its section has lines that wg(8) does not know, or a disabled peer has the same key
   */
  disablePeer(publicKey: PublicKey): boolean {
    const sections = this.#peerIndex.find(publicKey, () => this.peers)
    if (sections.length === 0) return false
    this.#parts.disable(sections, publicKey)
    this.#peerIndex.delete(publicKey)
    return true
  }

  /**
   * Enables every disabled peer of this public key: see {@link Conf.disabledPeers}. Returns whether
   * there was one.
   *
   * @example
   * ```ts
   * if (!conf.enablePeer(publicKey)) throw new Error('no such disabled peer')
   * ```
   */
  enablePeer(publicKey: PublicKey): boolean {
    const sections = this.#parts.enable(publicKey)
    for (const section of sections) this.#peerIndex.insert(section)
    return sections.length > 0
  }

  /** Returns only the number of sections, because the content may hold secrets. */
  [inspect.custom](): string {
    return `Conf { ${this.sections.length} sections }`
  }

  /**
   * Returns the section to which a key of `[Interface]` is written. A new section is not yet part
   * of the document.
   */
  #interfaceWith(key: AnyKey): ConfSection {
    const sections = this.interfaces
    const section = sections.findLast((one) => one.get(key) !== undefined) ?? sections[0]
    return section ?? this.#newSection('interface', !this.#parts.isEmpty)
  }

  /** Adds a section above the others, unless it is one of them. */
  #addAtTop(section: ConfSection): void {
    if (!this.sections.includes(section)) this.#parts.unshift(section)
  }

  #newSection(kind: 'interface' | 'peer', emptyBelow: boolean, emptyAbove = false): ConfSection {
    const line = (text: string) => new ConfLine(text, this.lineEnd)
    const header = line(kind === 'peer' ? '[Peer]' : '[Interface]')
    const lead = emptyAbove ? [line('')] : []
    const like = this.sections.findLast((one) => one.kind === kind) ?? this.sections.at(-1)
    return new ConfSection(kind, { lead, header, body: emptyBelow ? [line('')] : [] }, like)
  }
}
