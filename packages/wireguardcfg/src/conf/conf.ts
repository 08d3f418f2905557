import { inspect } from 'node:util'
import type { PublicKey } from '../model/key.js'
import { ConfLine, type LineEnd } from './line.js'
import { PeerIndex } from './peer-index.js'
import { type AnyKey, ConfSection } from './section.js'

/**
 * A `.conf` file of wg(8) or wg-quick(8) to the last byte: comments, unknown keys, order,
 * indentation and line ends. It can be changed: edits apply at once and touch only the lines they
 * are about. Made by `parseConf`, written by `formatConf`.
 *
 * It shows nothing of itself to `console.log` and `JSON.stringify`, because it holds private keys.
 */
export class Conf {
  readonly #prologue: ConfLine[]
  #sections: ConfSection[]
  readonly #end: LineEnd
  /** Sections that are removed and still in the list: removing many takes one pass over it. */
  readonly #removed = new Set<ConfSection>()
  readonly #peerIndex = new PeerIndex()

  constructor(prologue: readonly ConfLine[], sections: readonly ConfSection[], end: LineEnd) {
    this.#prologue = [...prologue]
    this.#sections = [...sections]
    this.#end = end
  }

  /**
   * Every line in order. A line prints nothing of itself; its `text` is the file's, secrets too.
   */
  get lines(): readonly ConfLine[] {
    const lines = this.sections.flatMap((section) => section.lines)
    return [...this.#prologue, ...lines]
  }

  /** The end that new sections get: that of the file's first line. */
  get lineEnd(): '\n' | '\r\n' {
    return this.#end === '\r\n' ? '\r\n' : '\n'
  }

  /** Every section in order. */
  get sections(): readonly ConfSection[] {
    if (this.#removed.size > 0) this.#dropRemoved()
    return this.#sections
  }

  /**
   * Every `[Interface]`, nearly always one. wg(8) merges them; of a key in several it takes the
   * last.
   */
  get interfaces(): readonly ConfSection[] {
    return this.sections.filter(({ kind }) => kind === 'interface')
  }

  /** Every `[Peer]`, also those of the same key. */
  get peers(): readonly ConfSection[] {
    return this.sections.filter(({ kind }) => kind === 'peer')
  }

  /**
   * The value of a key of `[Interface]`, the last one if it is there several times; `undefined`:
   * absent. May be a secret.
   */
  get(key: AnyKey): string | undefined {
    return this.getAll(key).at(-1)
  }

  /** The values of a key of `[Interface]` that may be repeated, in order. May be secrets. */
  getAll(key: AnyKey): string[] {
    return this.interfaces.flatMap((section) => section.getAll(key))
  }

  /**
   * Gives a key of `[Interface]` these values: see {@link ConfSection.set}. Of several
   * `[Interface]`, the last that has the key gets them all; without one, a new one is added at the
   * top.
   *
   * @throws WireGuardError `EINVAL` when the text could not be read back as it is, such as a line
   * break
   */
  set(key: AnyKey, value: string | readonly string[]): void {
    const target = this.#interfaceWith(key)
    // First, because it may throw.
    target.set(key, value)
    for (const section of this.interfaces) if (section !== target) section.unset(key)
    if (!this.sections.includes(target)) this.#sections.unshift(target)
  }

  /**
   * Adds one more line of a key to `[Interface]`, behind those that are there.
   *
   * @throws WireGuardError `EINVAL` as {@link Conf.set}
   */
  add(key: AnyKey, value: string): void {
    const target = this.#interfaceWith(key)
    target.add(key, value)
    if (!this.sections.includes(target)) this.#sections.unshift(target)
  }

  /** Removes every line of a key of `[Interface]`; false if there is none. */
  unset(key: AnyKey): boolean {
    return this.interfaces.map((section) => section.unset(key)).includes(true)
  }

  /** The last `[Peer]` of this public key; `undefined`: none. */
  peer(publicKey: PublicKey): ConfSection | undefined {
    return this.#peerIndex.find(publicKey, () => this.peers).at(-1)
  }

  /** Adds an empty `[Peer]` at the end, behind an empty line. */
  addPeerSection(): ConfSection {
    const last = (this.sections.at(-1)?.lines ?? this.#prologue).at(-1)
    const section = this.#newSection('peer', false, last !== undefined && last.text !== '')
    this.#sections.push(section)
    this.#peerIndex.add(section)
    return section
  }

  /**
   * Removes every `[Peer]` of this public key with its comments: those directly above it, and those
   * that close it. What stands after the empty line behind it, and disabled peers, stay. False if
   * there is none.
   */
  removePeer(publicKey: PublicKey): boolean {
    const sections = this.#peerIndex.find(publicKey, () => this.peers)
    for (const section of sections) this.#removed.add(section)
    this.#peerIndex.delete(publicKey)
    return sections.length > 0
  }

  /** `Conf {}`: the content may hold secrets. */
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
   * The section that a key of `[Interface]` is written to; a new one is not yet part of the
   * document.
   */
  #interfaceWith(key: AnyKey): ConfSection {
    const sections = this.interfaces
    const section = sections.findLast((one) => one.get(key) !== undefined) ?? sections[0]
    return section ?? this.#newSection('interface', this.sections.length > 0)
  }

  #newSection(kind: 'interface' | 'peer', emptyBelow: boolean, emptyAbove = false): ConfSection {
    const line = (text: string) => new ConfLine(text, this.lineEnd)
    const header = line(kind === 'peer' ? '[Peer]' : '[Interface]')
    const lead = emptyAbove ? [line('')] : []
    const like = this.sections.findLast((one) => one.kind === kind) ?? this.sections.at(-1)
    return new ConfSection(kind, { lead, header, body: emptyBelow ? [line('')] : [] }, like)
  }
}
