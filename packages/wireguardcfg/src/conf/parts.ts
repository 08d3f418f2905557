import type { PublicKey } from '../model/key.js'
import { disabled, DisabledPeer, notReversible } from './disabled-peer.js'
import type { ConfLine } from './line.js'
import { type ConfPart, type ParsedParts, parseParts } from './parse-parts.js'
import { ConfSection } from './section.js'

/** What a file consists of, in order: the lines above the first part, and the parts. */
export class ConfParts {
  readonly #prologue: ConfLine[]
  #parts: ConfPart[]
  /** Removed sections that are still in the list, so that removing many takes one pass over it. */
  readonly #removed = new Set<ConfSection>()
  /** What was added at the end, with an empty line of its own above it if there was none. */
  readonly #added = new WeakSet<ConfPart>()
  /** The sections among the parts; `undefined` until they are asked for. */
  #sections: ConfSection[] | undefined

  constructor({ prologue, parts }: ParsedParts) {
    this.#prologue = [...prologue]
    this.#parts = [...parts]
  }

  get isEmpty(): boolean {
    return this.#all().length === 0
  }

  get lines(): readonly ConfLine[] {
    const lines = [...this.#prologue]
    for (const part of this.#all()) for (const line of part.lines) lines.push(line)
    return lines
  }

  get lastLine(): ConfLine | undefined {
    return (this.#all().at(-1)?.lines ?? this.#prologue).at(-1)
  }

  get sections(): readonly ConfSection[] {
    const parts = this.#all()
    this.#sections ??= parts.filter((part) => part instanceof ConfSection)
    return this.#sections
  }

  get disabled(): readonly DisabledPeer[] {
    return this.#all().filter((part) => part instanceof DisabledPeer)
  }

  /** Adds a section at the end. */
  push(section: ConfSection): void {
    this.#all()
    this.#added.add(section)
    this.#parts.push(section)
    this.#sections?.push(section)
  }

  /** Adds a section at the top. */
  unshift(section: ConfSection): void {
    const [first] = this.#all()
    if (this.#prologue.length === 0 && first instanceof ConfSection) section.precede(first)
    this.#parts.unshift(section)
    this.#sections?.unshift(section)
  }

  remove(section: ConfSection): void {
    this.#removed.add(section)
  }

  /**
   * Disables the sections of a public key.
   *
   * @throws WireGuardError `EINVAL` when enabling them would not restore them
   */
  disable(sections: readonly ConfSection[], publicKey: PublicKey): void {
    if (this.disabled.some((peer) => peer.publicKey === publicKey)) {
      throw notReversible('a disabled peer has the same public key')
    }
    const done: (readonly [section: ConfSection, peer: DisabledPeer])[] = []
    try {
      for (const section of sections) {
        const peer = disabled(section)
        this.#checkReversible(section, peer, publicKey)
        // The next one is checked beside it.
        this.#replace(section, peer)
        done.push([section, peer])
      }
    } catch (error) {
      for (const [section, peer] of done) this.#replace(peer, section)
      throw error
    }
  }

  /** Enables the disabled peers of a public key, and returns their sections. */
  enable(publicKey: PublicKey): readonly ConfSection[] {
    return this.#enable((peer) => peer.publicKey === publicKey)
  }

  #enable(isWanted: (peer: DisabledPeer) => boolean): readonly ConfSection[] {
    return this.disabled.filter(isWanted).map((peer) => {
      const section = peer.enabled()
      this.#replace(peer, section)
      return section
    })
  }

  /**
   * Reads a peer back as a file is read later, because the lines around it decide what it is, and
   * it decides what those around it are: also the disabled ones must be what they were.
   */
  #checkReversible(section: ConfSection, peer: DisabledPeer, publicKey: PublicKey): void {
    const at = this.#parts.indexOf(section)
    const [above, below] = [this.#parts[at - 1], this.#parts[at + 1]]
    const linesAbove = above?.lines ?? this.#prologue
    const linesBelow = below instanceof ConfSection ? topOf(below) : (below?.lines ?? [])
    const lines = [...linesAbove, ...peer.lines, ...linesBelow]
    for (const isEnabled of [(one: DisabledPeer) => one.publicKey === publicKey, () => true]) {
      const parts = new ConfParts(parseParts(lines))
      parts.#enable(isEnabled)
      const own = (part: ConfPart | undefined, others: readonly ConfLine[]) =>
        part instanceof DisabledPeer && isEnabled(part) ? part.enabled().lines : others
      const expected = [...own(above, linesAbove), ...section.lines, ...own(below, linesBelow)]
      if (textOf(parts.lines) !== textOf(expected)) {
        throw notReversible('of the lines around it, some look like its entries')
      }
    }
  }

  #replace(part: ConfPart, other: ConfPart): void {
    this.#parts[this.#all().indexOf(part)] = other
    this.#sections = undefined
  }

  #all(): readonly ConfPart[] {
    if (this.#removed.size > 0) this.#dropRemoved()
    return this.#parts
  }

  #dropRemoved(): void {
    const kept: ConfPart[] = []
    for (const part of this.#parts) {
      if (part instanceof DisabledPeer || !this.#removed.has(part)) kept.push(part)
      else if (kept.length > 0) kept.at(-1)!.append(part.remains)
      else this.#prologue.push(...part.remains)
    }
    const last = this.#parts.at(-1)!
    const isLastGone = last !== kept.at(-1) && !this.#added.has(last)
    // The empty line that separated it from the part above goes with it.
    if (isLastGone) kept.at(-1)?.dropLastEmptyLine()
    this.#parts = kept
    this.#sections = undefined
    this.#removed.clear()
  }
}

function topOf({ parts }: ConfSection): readonly ConfLine[] {
  return [...parts.lead, parts.header]
}

function textOf(lines: readonly ConfLine[]): string {
  return lines.map(({ text }) => text).join('\n')
}
