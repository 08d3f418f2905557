import { inspect } from 'node:util'
import { type ConfSectionKind, isHook } from './keys.js'
import { foldCase, skipSpace, squeeze, trim } from './text.js'

/** The end of a line. The last line of a file may have none. */
export type LineEnd = '\n' | '\r\n' | ''

/**
 * The kind of a line as wg(8) reads it. Positions count UTF-16 code units from the start of the
 * line.
 */
export type Token = Blank | Header | Entry | Other

/** An empty line, or a line with only a comment. */
export interface Blank {
  readonly kind: 'blank' | 'comment'
}

/** `[Interface]`, `[Peer]`, or an unknown name in brackets, whose `section` is `undefined`. */
export interface Header {
  readonly kind: 'header'
  readonly section: ConfSectionKind | undefined
}

/** `key = value`. */
export interface Entry {
  readonly kind: 'entry'
  /** The key as wg(8) compares it: without white space, in the file's case. */
  readonly name: string
  /** The name in lower case, for comparison. */
  readonly folded: string
  /** Where the value starts and ends, without white space and comment. */
  readonly start: number
  readonly end: number
}

/** Any other line. wg(8) refuses it. */
export interface Other {
  readonly kind: 'other'
}

/**
 * One line of a file. It may hold a secret, so `console.log` and `JSON.stringify` show none of its
 * content.
 */
export class ConfLine {
  readonly #text: string
  readonly #end: LineEnd
  readonly #start: number
  readonly #token: Token

  /** @param start where reading starts: 1 after a byte order mark */
  constructor(text: string, end: LineEnd, start = 0) {
    this.#text = text
    this.#end = end
    this.#start = start
    this.#token = tokenize(text, start)
  }

  /** The line without its end. */
  get text(): string {
    return this.#text
  }

  /** How the line ends. */
  get end(): LineEnd {
    return this.#end
  }

  /**
   * Where its text starts, behind a byte order mark and white space.
   *
   * @internal
   */
  get start(): number {
    return skipSpace(this.#text, this.#start)
  }

  /**
   * What the line is.
   *
   * @internal
   */
  get token(): Token {
    return this.#token
  }

  /** The value of an entry as written in the file; `''` for any other line. */
  get value(): string {
    return this.#token.kind === 'entry' ? this.#text.slice(this.#token.start, this.#token.end) : ''
  }

  /** Returns `ConfLine {}`, because the text may be a secret. */
  [inspect.custom](): string {
    return 'ConfLine {}'
  }

  /**
   * This entry with another value; its indentation and comment stay.
   *
   * @internal
   */
  withValue(value: string): ConfLine {
    if (this.#token.kind !== 'entry') return this
    const { start, end } = this.#token
    const after = this.#text.slice(end)
    // An empty value may have no space between it and the comment.
    const gap = start === end && after.startsWith('#') ? ' ' : ''
    return this.withText(this.#text.slice(0, start) + value + gap + after)
  }

  /**
   * This line with another text, which begins with the same byte order mark if there is one.
   *
   * @internal
   */
  withText(text: string): ConfLine {
    return new ConfLine(text, this.#end, this.#start)
  }
}

/**
 * Returns the part of a line that wg(8) reads. It ends at the first `#`, or at a NUL, which ends a
 * string in C.
 */
export function codeOf(text: string): string {
  return text.slice(0, codeEnd(text))
}

function codeEnd(text: string): number {
  const hash = text.indexOf('#')
  const end = hash < 0 ? text.length : hash
  const nul = text.indexOf('\0')
  return nul < 0 ? end : Math.min(nul, end)
}

function tokenize(text: string, from: number): Token {
  const code = codeOf(text)
  const first = skipSpace(code, from)
  if (first === code.length) return text.includes('#') ? COMMENT : BLANK
  if (code[first] === '[') {
    const header = /^\[([^\]]*)\]$/.exec(squeeze(code.slice(first)))
    if (header !== null) return { kind: 'header', section: SECTIONS.get(foldCase(header[1]!)) }
  }
  const equals = code.indexOf('=', from)
  if (equals < 0) return OTHER
  const name = squeeze(code.slice(first, equals))
  // In a command, `#` belongs to the value. wg-quick(8) does so since 1.0.20260223.
  const rest = (isHook(name) ? text : code).slice(equals + 1)
  const value = trim(rest)
  const start = equals + 1 + (value === '' ? leadingGap(rest) : rest.indexOf(value))
  return { kind: 'entry', name, folded: foldCase(name), start, end: start + value.length }
}

const BLANK: Token = { kind: 'blank' }
const COMMENT: Token = { kind: 'comment' }
const OTHER: Token = { kind: 'other' }

const SECTIONS: ReadonlyMap<string, ConfSectionKind> = new Map([
  ['interface', 'interface'],
  ['peer', 'peer'],
])

/** Returns where to write an empty value: after one space if there is one. */
function leadingGap(rest: string): number {
  return rest.startsWith(' ') ? 1 : 0
}
