import { inspect } from 'node:util'
import type { ConfKey, ConfSectionKind } from './keys.js'
import { commentStart, commentText } from './comments.js'
import { ConfLine, type LineEnd } from './line.js'
import { BYTE_ORDER_MARK, foldCase } from './text.js'
import { checkComment, checkKey, checkValue } from './validate.js'

/** A known key, which editors suggest, or any other key, which is kept as it is. */
export type AnyKey = ConfKey | (string & {})

/** The lines of a section, in order. See `divideGap` for the lines after the last entry. */
export interface SectionLines {
  /** The comments directly above the header. */
  readonly lead: readonly ConfLine[]
  readonly header: ConfLine
  /** The entries and the comments of the section. */
  readonly body: readonly ConfLine[]
  /** The lines between this section and the next one that belong to neither. */
  readonly between?: readonly ConfLine[]
}

/** A comment, and where in its section it is. */
export interface PlacedComment {
  /** The comment without its `#` signs. */
  readonly text: string
  /** `first` is the first line below the header. */
  readonly place: 'first' | 'inside' | 'header' | 'above'
  readonly line: ConfLine
  /** Among the lines of its place. */
  readonly index: number
}

/**
 * One `[Interface]` or `[Peer]` of a file, with the comment lines directly above it. Keys are
 * compared without regard to case and white space, as in wg(8). Edits take effect at once and
 * change only the lines of the key that they name.
 */
export class ConfSection {
  /** `undefined` for a section that neither wg(8) nor wg-quick(8) knows. */
  readonly kind: ConfSectionKind | undefined
  #header: ConfLine
  readonly #model: ConfLine | undefined
  #lead: readonly ConfLine[]
  #body: readonly ConfLine[]
  readonly #between: ConfLine[]
  #onChange: (section: ConfSection) => void = () => {}

  /**
   * @param like the section whose indentation and spaces new lines copy while this one is empty
   * @internal
   */
  constructor(
    kind: ConfSectionKind | undefined,
    { lead, header, body, between = [] }: SectionLines,
    like?: ConfSection,
  ) {
    this.kind = kind
    this.#lead = lead
    this.#header = header
    this.#body = body
    this.#between = [...between]
    this.#model = like === undefined ? undefined : like.#example()
  }

  /**
   * Every line in order, including the comments above the header. A line does not print its
   * content, but its `text` may hold secrets.
   */
  get lines(): readonly ConfLine[] {
    return [...this.#lead, this.#header, ...this.#body, ...this.#between]
  }

  /**
   * Its lines by what they are.
   *
   * @internal
   */
  get parts(): Required<SectionLines> {
    return {
      lead: this.#lead,
      header: this.#header,
      body: this.#body,
      between: this.#between,
    }
  }

  /** The comments inside the section, without their `#` signs: `friendly_name = x`. */
  get comments(): string[] {
    return commentsOf(this.#body)
  }

  /** The comments directly above the section, without their `#` signs. */
  get commentsAbove(): string[] {
    return commentsOf(this.#lead)
  }

  /**
   * Returns the value of a key, the last one of several; `undefined` when the key is absent. The
   * value may be a secret.
   *
   * @example
   * ```ts
   * conf.peers[0]?.get('Endpoint') // 'vpn.example.com:51820'
   * ```
   */
  get(key: AnyKey): string | undefined {
    const folded = foldCase(key)
    return this.#body.findLast((line) => isEntry(line, folded))?.value
  }

  /**
   * Returns every value of a key, in order. The values may be secrets.
   *
   * @example
   * ```ts
   * conf.peers[0]?.getAll('AllowedIPs') // ['10.0.0.2/32', 'fd00::2/128']
   * ```
   */
  getAll(key: AnyKey): string[] {
    const folded = foldCase(key)
    return this.#body.flatMap((line) => (isEntry(line, folded) ? [line.value] : []))
  }

  /**
   * Sets the values of a key, one line each. Existing lines are reused with their comments, more
   * are added after them, and those left over are removed. An empty list removes the key. Whether
   * wg(8) accepts the values is not checked here: use `checkConf`.
   *
   * @example
   * ```ts
   * conf.peer(publicKey)?.set('Endpoint', '192.0.2.1:51820')
   * ```
   *
   * @throws WireGuardError `EINVAL` when the file could not be read back with the same value, for
   * example because of a line break
   */
  set(key: AnyKey, value: string | readonly string[]): void {
    const values = typeof value === 'string' ? [value] : value
    const texts = values.map((text) => checkValue(checkKey(key), text))
    const folded = foldCase(key)
    const body: ConfLine[] = []
    let next = 0
    let after = -1
    for (const line of this.#body) {
      if (!isEntry(line, folded)) body.push(line)
      else if (next < texts.length) {
        after = body.push(line.withValue(texts[next++]!))
      }
    }
    const added = texts.slice(next).map((text) => this.#entry(key, text))
    const at = after < 0 ? this.#insertAt() : after
    this.#body = added.length === 0 ? body : [...body.slice(0, at), ...added, ...body.slice(at)]
    this.#onChange(this)
  }

  /**
   * Adds a line of a key, after the existing lines of the key.
   *
   * @example
   * ```ts
   * conf.peer(publicKey)?.add('AllowedIPs', '192.168.1.0/24')
   * ```
   *
   * @throws WireGuardError `EINVAL` as {@link ConfSection.set}
   */
  add(key: AnyKey, value: string): void {
    const line = this.#entry(checkKey(key), checkValue(key, value))
    const folded = foldCase(key)
    const last = this.#body.findLastIndex((other) => isEntry(other, folded))
    this.#insert(last < 0 ? this.#insertAt() : last + 1, line)
  }

  /**
   * Removes every line of a key. Returns whether there was one.
   *
   * @example
   * ```ts
   * conf.peer(publicKey)?.unset('PersistentKeepalive')
   * ```
   */
  unset(key: AnyKey): boolean {
    const folded = foldCase(key)
    const body = this.#body.filter((line) => !isEntry(line, folded))
    const found = body.length < this.#body.length
    this.#body = body
    this.#onChange(this)
    return found
  }

  /**
   * Adds `# text` as the first line of the section.
   *
   * @example
   * ```ts
   * conf.peer(publicKey)?.addComment('expires 2027-01-01')
   * ```
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   */
  addComment(text: string): void {
    this.#insert(0, this.#line(`# ${checkComment(text)}`.trimEnd()))
  }

  /**
   * Replaces the first comment line inside the section for which `matches` returns true. Returns
   * whether a comment was replaced.
   *
   * @example
   * ```ts
   * section.replaceComment((text) => text.startsWith('expires'), 'expired')
   * ```
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   */
  replaceComment(matches: (comment: string) => boolean, text: string): boolean {
    return this.rewriteComment((comment) =>
      isInside(comment) && matches(comment.text) ? text : undefined,
    )
  }

  /**
   * The comments inside the section, then the one behind its header, then those above it.
   *
   * @internal
   */
  get placedComments(): readonly PlacedComment[] {
    return [
      ...placed(this.#body, (i) => (i === 0 ? 'first' : 'inside')),
      ...placed([this.#header], () => 'header'),
      ...placed(this.#lead, () => 'above'),
    ]
  }

  /**
   * Rewrites the first of {@link ConfSection.placedComments} for which `rewrite` returns a text.
   * Returns whether a comment was rewritten.
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   * @internal
   */
  rewriteComment(rewrite: (comment: PlacedComment) => string | undefined): boolean {
    for (const comment of this.placedComments) {
      const text = rewrite(comment)
      if (text === undefined) continue
      const line = withComment(comment.line, text)
      if (comment.place === 'header') this.#header = line
      else if (comment.place === 'above') this.#lead = this.#lead.with(comment.index, line)
      else this.#body = this.#body.with(comment.index, line)
      return true
    }
    return false
  }

  /**
   * Rewrites every value of a key where it stands. A line for which `rewrite` returns `undefined`
   * is removed.
   *
   * @internal
   */
  rewriteEntries(key: AnyKey, rewrite: (value: string) => string | undefined): void {
    const folded = foldCase(key)
    this.#body = this.#body.flatMap((line) => {
      if (!isEntry(line, folded)) return [line]
      const value = rewrite(line.value)
      if (value === line.value) return [line]
      return value === undefined ? [] : [line.withValue(checkValue(key, value))]
    })
    this.#onChange(this)
  }

  /**
   * Sets the function to call when the entries may have changed.
   *
   * @internal
   */
  watch(onChange: (section: ConfSection) => void): void {
    this.#onChange = onChange
  }

  /**
   * The lines that stay when the section is removed, without the empty line that separated it from
   * the next one.
   *
   * @internal
   */
  get remains(): readonly ConfLine[] {
    return this.#between[0]?.token.kind === 'blank' ? this.#between.slice(1) : this.#between
  }

  /**
   * Takes over the lines that remain of a removed section.
   *
   * @internal
   */
  append(lines: readonly ConfLine[]): void {
    for (const line of lines) this.#between.push(line)
  }

  /**
   * Removes the empty line at its end, which separated it from a section that was removed.
   *
   * @internal
   */
  dropLastEmptyLine(): void {
    if (this.#between.at(-1)?.token.kind === 'blank') this.#between.pop()
  }

  /**
   * Becomes the first section of the file in place of another one. The byte order mark of the file
   * moves to its header.
   *
   * @internal
   */
  precede(other: ConfSection): void {
    const [first = other.#header] = other.#lead
    if (!first.text.startsWith(BYTE_ORDER_MARK)) return
    const rest = new ConfLine(first.text.slice(BYTE_ORDER_MARK.length), first.end)
    if (first === other.#header) other.#header = rest
    else other.#lead = other.#lead.with(0, rest)
    const { text, end } = this.#header
    this.#header = new ConfLine(BYTE_ORDER_MARK + text, end, BYTE_ORDER_MARK.length)
  }

  /** Returns `ConfSection { peer }`, because the content may be secret. */
  [inspect.custom](): string {
    return `ConfSection { ${this.kind ?? 'unknown'} }`
  }

  #insert(at: number, line: ConfLine): void {
    this.#body = this.#body.toSpliced(at, 0, line)
    this.#onChange(this)
  }

  /** Returns the index after the last entry, or else after the last line that is not empty. */
  #insertAt(): number {
    const last = this.#body.findLastIndex((line) => line.token.kind === 'entry')
    return last >= 0
      ? last + 1
      : this.#body.findLastIndex(({ token }) => token.kind !== 'blank') + 1
  }

  #entry(key: string, value: string): ConfLine {
    return this.#line(`${key}${equalsOf(this.#example())}${value}`)
  }

  #example(): ConfLine | undefined {
    return this.#body.findLast((line) => line.token.kind === 'entry') ?? this.#model
  }

  /** Returns a line with the indentation of its neighbours and the line end of the section. */
  #line(text: string): ConfLine {
    const indentation = /^[ \t]*/.exec(this.#example()?.text ?? '')![0]
    const end: LineEnd = this.#header.end === '' ? '\n' : this.#header.end
    return new ConfLine(indentation + text, end)
  }
}

/** Returns whether a line has this key, which is given in lower case. */
function isEntry({ token }: ConfLine, folded: string): boolean {
  return token.kind === 'entry' && token.folded === folded
}

function commentsOf(lines: readonly ConfLine[]): string[] {
  return placed(lines, () => 'inside').map(({ text }) => text)
}

/** Returns the comments of comment lines, and of a header. */
function placed(
  lines: readonly ConfLine[],
  place: (index: number) => PlacedComment['place'],
): PlacedComment[] {
  const comments: PlacedComment[] = []
  for (const [index, line] of lines.entries()) {
    const { text, token } = line
    if (token.kind === 'comment' || (token.kind === 'header' && text.includes('#'))) {
      comments.push({ line, index, place: place(index), text: commentText(text) })
    }
  }
  return comments
}

function isInside({ place }: PlacedComment): boolean {
  return place === 'first' || place === 'inside'
}

/** Returns a line with another comment behind the same `#` signs. */
function withComment(line: ConfLine, text: string): ConfLine {
  return line.withText(line.text.slice(0, commentStart(line.text)) + checkComment(text))
}

/** Returns the `=` of an entry with the white space around it; ` = ` when there is no entry. */
function equalsOf(line: ConfLine | undefined): string {
  if (line?.token.kind !== 'entry') return ' = '
  const { text } = line
  const equals = text.indexOf('=')
  let start = equals
  let end = equals + 1
  while (start > 0 && isBlank(text[start - 1])) start--
  while (isBlank(text[end])) end++
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
