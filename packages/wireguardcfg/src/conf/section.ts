import { inspect } from 'node:util'
import type { ConfKey, ConfSectionKind } from './keys.js'
import { ConfLine, type LineEnd } from './line.js'
import { foldCase } from './text.js'
import { checkComment, checkKey, checkValue } from './validate.js'

/** A key of ours, offered by editors, or any other, which is kept as it is. */
export type AnyKey = ConfKey | (string & {})

/**
 * One `[Interface]` or `[Peer]` of a file, with the comment lines directly above it. Keys are
 * compared without regard to case and white space, as wg(8) does. Edits change the document at
 * once, and only the lines of the key they name.
 */
export class ConfSection {
  /** `undefined`: a section that no program knows. */
  readonly kind: ConfSectionKind | undefined
  readonly #lead: readonly ConfLine[]
  readonly #header: ConfLine
  readonly #model: ConfLine | undefined
  #body: readonly ConfLine[]

  /** @param like whose indentation and spaces new lines take while this section has no entries */
  constructor(
    kind: ConfSectionKind | undefined,
    lead: readonly ConfLine[],
    header: ConfLine,
    body: readonly ConfLine[],
    like?: ConfSection,
  ) {
    this.kind = kind
    this.#lead = lead
    this.#header = header
    this.#body = body
    this.#model = like === undefined ? undefined : like.#example()
  }

  /**
   * Every line in order, the comment block above included. A line prints nothing of itself; its
   * `text` is the file's, secrets too.
   */
  get lines(): readonly ConfLine[] {
    return [...this.#lead, this.#header, ...this.#body]
  }

  /** The comment lines inside the section, without their signs: `friendly_name = x`. */
  get comments(): string[] {
    return commentsOf(this.#body)
  }

  /** The comment lines directly above the section. */
  get commentsAbove(): string[] {
    return commentsOf(this.#lead)
  }

  /**
   * The value of a key, the last one if it is there several times; `undefined`: absent. May be a
   * secret.
   */
  get(key: AnyKey): string | undefined {
    const folded = foldCase(key)
    return this.#body.findLast((line) => isEntry(line, folded))?.value
  }

  /** The values of a key that may be repeated, in order. May be secrets. */
  getAll(key: AnyKey): string[] {
    const folded = foldCase(key)
    return this.#body.flatMap((line) => (isEntry(line, folded) ? [line.value] : []))
  }

  /**
   * Gives a key these values, one line each: lines that are there are reused with their comments,
   * more are added behind them, and those that are left over are removed. No value at all removes
   * the key. The values are not checked to be acceptable to wg(8): see `checkConf`.
   *
   * @throws WireGuardError `EINVAL` when the text could not be read back as it is, such as a line
   * break
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
  }

  /**
   * Adds one more line of a key, behind those that are there.
   *
   * @throws WireGuardError `EINVAL` as {@link ConfSection.set}
   */
  add(key: AnyKey, value: string): void {
    const line = this.#entry(checkKey(key), checkValue(key, value))
    const folded = foldCase(key)
    const last = this.#body.findLastIndex((other) => isEntry(other, folded))
    this.#insert(last < 0 ? this.#insertAt() : last + 1, line)
  }

  /** Removes every line of a key; false if there is none. */
  unset(key: AnyKey): boolean {
    const folded = foldCase(key)
    const body = this.#body.filter((line) => !isEntry(line, folded))
    const found = body.length < this.#body.length
    this.#body = body
    return found
  }

  /**
   * Adds `# text` as the first line of the section.
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   */
  addComment(text: string): void {
    this.#insert(0, this.#line(`# ${checkComment(text)}`.trimEnd()))
  }

  /**
   * Replaces the first comment line for which `matches` is true; false if there is none.
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   */
  replaceComment(matches: (comment: string) => boolean, text: string): boolean {
    const at = this.#body.findIndex(
      (line) => line.token.kind === 'comment' && matches(commentText(line.text)),
    )
    if (at < 0) return false
    const old = this.#body[at]!
    const signs = /^[ \t]*#+[ \t]*/.exec(old.text)?.[0] ?? '# '
    this.#body = this.#body.with(at, new ConfLine(signs + checkComment(text), old.end))
    return true
  }

  /**
   * What stays when the section is removed: everything behind the first empty line behind its last
   * entry.
   *
   * @internal
   */
  get rest(): readonly ConfLine[] {
    const last = this.#body.findLastIndex((line) => line.token.kind === 'entry')
    const empty = this.#body.findIndex((line, i) => i > last && line.token.kind === 'blank')
    return empty < 0 ? [] : this.#body.slice(empty + 1)
  }

  /**
   * Takes over the lines that a removed section left behind.
   *
   * @internal
   */
  append(lines: readonly ConfLine[]): void {
    this.#body = [...this.#body, ...lines]
  }

  /** `ConfSection { peer }`: the content may be secret. */
  [inspect.custom](): string {
    return `ConfSection { ${this.kind ?? 'unknown'} }`
  }

  #insert(at: number, line: ConfLine): void {
    this.#body = this.#body.toSpliced(at, 0, line)
  }

  /** Behind the last entry, or else behind the last line that is not empty. */
  #insertAt(): number {
    const last = this.#body.findLastIndex((line) => line.token.kind === 'entry')
    return last >= 0
      ? last + 1
      : this.#body.findLastIndex(({ token }) => token.kind !== 'blank') + 1
  }

  #entry(key: string, value: string): ConfLine {
    const equals = /[ \t]*=[ \t]*/.exec(this.#example()?.text ?? '')?.[0] ?? ' = '
    return this.#line(`${key}${equals}${value}`)
  }

  #example(): ConfLine | undefined {
    return this.#body.findLast((line) => line.token.kind === 'entry') ?? this.#model
  }

  /** A line as its neighbours are: their indentation and the section's line end. */
  #line(text: string): ConfLine {
    const indentation = /^[ \t]*/.exec(this.#example()?.text ?? '')![0]
    const end: LineEnd = this.#header.end === '' ? '\n' : this.#header.end
    return new ConfLine(indentation + text, end)
  }
}

/** Whether a line is of a key, given in lower case. */
function isEntry({ token }: ConfLine, folded: string): boolean {
  return token.kind === 'entry' && token.folded === folded
}

function commentsOf(lines: readonly ConfLine[]): string[] {
  return lines.flatMap(({ token, text }) => (token.kind === 'comment' ? [commentText(text)] : []))
}

function commentText(line: string): string {
  return line.replace(/^[^#]*#+[ \t]*/, '').trimEnd()
}
