import { inspect } from 'node:util'
import type { ConfKey, ConfSectionKind } from './keys.js'
import { commentText } from './comments.js'
import { ConfLine, type LineEnd } from './line.js'
import { foldCase } from './text.js'
import { checkComment, checkKey, checkValue } from './validate.js'

/** A key of ours, offered by editors, or any other, which is kept as it is. */
export type AnyKey = ConfKey | (string & {})

/** The lines of a section, in order: see `divideGap` for those that no entry tells apart. */
export interface SectionLines {
  /** The comments directly above the header. */
  readonly lead: readonly ConfLine[]
  readonly header: ConfLine
  /** The entries, and the comments that belong to them. */
  readonly body: readonly ConfLine[]
  /** What stands between this section and the next one, and belongs to neither. */
  readonly between?: readonly ConfLine[]
}

/**
 * One `[Interface]` or `[Peer]` of a file, with the comment lines directly above it. Keys are
 * compared without regard to case and white space, as wg(8) does. Edits change the document at
 * once, and only the lines of the key they name.
 */
export class ConfSection {
  /** `undefined`: a section that no program knows. */
  readonly kind: ConfSectionKind | undefined
  readonly #header: ConfLine
  readonly #model: ConfLine | undefined
  #lead: readonly ConfLine[]
  #body: readonly ConfLine[]
  readonly #between: ConfLine[]
  #onChange: (section: ConfSection) => void = () => {}

  /**
   * @param like whose indentation and spaces new lines take while this section has no entries
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
   * Every line in order, the comment block above included. A line prints nothing of itself; its
   * `text` is the file's, secrets too.
   */
  get lines(): readonly ConfLine[] {
    return [...this.#lead, this.#header, ...this.#body, ...this.#between]
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
    this.#onChange(this)
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
    this.#onChange(this)
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
   * Replaces the first comment line inside the section for which `matches` is true; false if there
   * is none.
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   */
  replaceComment(matches: (comment: string) => boolean, text: string): boolean {
    const body = rewritten(this.#body, (comment) => (matches(comment) ? text : undefined))
    this.#body = body ?? this.#body
    return body !== undefined
  }

  /**
   * Rewrites the first comment for which `rewrite` returns a text, those inside the section before
   * those above it; false if there is none.
   *
   * @throws WireGuardError `EINVAL` when the text is more than one line
   * @internal
   */
  rewriteComment(rewrite: (comment: string) => string | undefined): boolean {
    const body = rewritten(this.#body, rewrite)
    const lead = body === undefined ? rewritten(this.#lead, rewrite) : undefined
    this.#body = body ?? this.#body
    this.#lead = lead ?? this.#lead
    return (body ?? lead) !== undefined
  }

  /**
   * Calls back when the entries may have changed.
   *
   * @internal
   */
  watch(onChange: (section: ConfSection) => void): void {
    this.#onChange = onChange
  }

  /**
   * What stays when the section is removed, without the empty line that set it apart from the next
   * one.
   *
   * @internal
   */
  get remains(): readonly ConfLine[] {
    return this.#between[0]?.token.kind === 'blank' ? this.#between.slice(1) : this.#between
  }

  /**
   * Takes over the lines that a removed section left behind.
   *
   * @internal
   */
  append(lines: readonly ConfLine[]): void {
    for (const line of lines) this.#between.push(line)
  }

  /** `ConfSection { peer }`: the content may be secret. */
  [inspect.custom](): string {
    return `ConfSection { ${this.kind ?? 'unknown'} }`
  }

  #insert(at: number, line: ConfLine): void {
    this.#body = this.#body.toSpliced(at, 0, line)
    this.#onChange(this)
  }

  /** Behind the last entry, or else behind the last line that is not empty. */
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

/** The lines with the first comment rewritten for which there is a new text. */
function rewritten(
  lines: readonly ConfLine[],
  rewrite: (comment: string) => string | undefined,
): readonly ConfLine[] | undefined {
  for (const [i, { token, text, end }] of lines.entries()) {
    const comment = token.kind === 'comment' ? commentText(text) : undefined
    const changed = comment === undefined ? undefined : rewrite(comment)
    if (comment === undefined || changed === undefined) continue
    const signs = text.slice(0, text.indexOf(comment, text.indexOf('#')))
    return lines.with(i, new ConfLine(signs + checkComment(changed), end))
  }
  return undefined
}

/** The `=` of an entry with the white space around it; ` = ` when there is no entry. */
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
