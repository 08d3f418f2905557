import { inspect } from 'node:util'
import type { PublicKey } from '../model/key.js'
import { ConfLine, type LineEnd } from './line.js'
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
  readonly #prologue: ConfLine[]
  #sections: ConfSection[]
  readonly #end: LineEnd
  /** Removed sections that are still in the list, so that removing many takes one pass over it. */
  readonly #removed = new Set<ConfSection>()
  readonly #peerIndex = new PeerIndex()

  constructor(prologue: readonly ConfLine[], sections: readonly ConfSection[], end: LineEnd) {
    this.#prologue = [...prologue]
    this.#sections = [...sections]
    this.#end = end
  }

  /**
   * Every line in order. A line does not print its content, but its `text` may hold secrets.
   */
  get lines(): readonly ConfLine[] {
    const lines = this.sections.flatMap((section) => section.lines)
    return [...this.#prologue, ...lines]
  }

  /** The line end of new sections, which is that of the file's first line. */
  get lineEnd(): '\n' | '\r\n' {
    return this.#end === '\r\n' ? '\r\n' : '\n'
  }

  /** Every section in order. */
  get sections(): readonly ConfSection[] {
    if (this.#removed.size > 0) this.#dropRemoved()
    return this.#sections
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
    const last = (this.sections.at(-1)?.lines ?? this.#prologue).at(-1)
    const section = this.#newSection('peer', false, last !== undefined && last.text !== '')
    this.#sections.push(section)
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
    for (const section of sections) this.#removed.add(section)
    this.#peerIndex.delete(publicKey)
    return sections.length > 0
  }

  /** Returns only the number of sections, because the content may hold secrets. */
  [inspect.custom](): string {
    return `Conf { ${this.sections.length} sections }`
  }

  #dropRemoved(): void {
    const kept: ConfSection[] = []
    for (const section of this.#sections) {
      if (!this.#removed.has(section)) kept.push(section)
      else if (kept.length > 0) kept.at(-1)!.append(section.remains)
      else this.#prologue.push(...section.remains)
    }
    this.#sections = kept
    this.#removed.clear()
  }

  /**
   * Returns the section to which a key of `[Interface]` is written. A new section is not yet part
   * of the document.
   */
  #interfaceWith(key: AnyKey): ConfSection {
    const sections = this.interfaces
    const section = sections.findLast((one) => one.get(key) !== undefined) ?? sections[0]
    return section ?? this.#newSection('interface', this.sections.length > 0)
  }

  /** Adds a section above the others, unless it is one of them. */
  #addAtTop(section: ConfSection): void {
    const { sections } = this
    if (sections.includes(section)) return
    if (this.#prologue.length === 0 && sections.length > 0) section.precede(sections[0]!)
    this.#sections.unshift(section)
  }

  #newSection(kind: 'interface' | 'peer', emptyBelow: boolean, emptyAbove = false): ConfSection {
    const line = (text: string) => new ConfLine(text, this.lineEnd)
    const header = line(kind === 'peer' ? '[Peer]' : '[Interface]')
    const lead = emptyAbove ? [line('')] : []
    const like = this.sections.findLast((one) => one.kind === kind) ?? this.sections.at(-1)
    return new ConfSection(kind, { lead, header, body: emptyBelow ? [line('')] : [] }, like)
  }
}
