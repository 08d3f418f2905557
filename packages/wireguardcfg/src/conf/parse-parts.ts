import { divideGap } from './comments.js'
import { DisabledPeer, enableLines } from './disabled-peer.js'
import type { ConfLine, Token } from './line.js'
import { ConfSection, type SectionLines } from './section.js'
import { BYTE_ORDER_MARK } from './text.js'

/** A section, or a peer that is commented out. */
export type ConfPart = ConfSection | DisabledPeer

/** What the lines of a file are. */
export interface ParsedParts {
  /** The lines above the first part. */
  readonly prologue: readonly ConfLine[]
  readonly parts: readonly ConfPart[]
}

/** Divides lines into sections and disabled peers. */
export function parseParts(lines: readonly ConfLine[]): ParsedParts {
  const { prologue, sections } = divide(lines)
  const parts: ConfPart[] = []
  // A byte order mark and entries without a section stay above everything that is added.
  const hasMark = prologue[0]?.text.startsWith(BYTE_ORDER_MARK) === true
  const first = hasMark ? prologue.length : lengthWithoutGap(prologue)
  const above = takeDisabled(prologue.slice(first))
  parts.push(...above.peers)
  for (const { between, ...section } of sections) {
    const { rest, peers } = takeDisabled(between)
    parts.push(newSection({ ...section, between: rest }), ...peers)
  }
  return { prologue: [...prologue.slice(0, first), ...above.rest], parts }
}

interface DividedLines {
  readonly prologue: readonly ConfLine[]
  readonly sections: readonly Required<SectionLines>[]
}

/** Divides lines into sections, with the comments that belong to each. */
function divide(lines: readonly ConfLine[]): DividedLines {
  const prologue: ConfLine[] = []
  const sections: Required<SectionLines>[] = []
  let section: { header: ConfLine; lead: readonly ConfLine[]; body: ConfLine[] } | undefined
  const finish = (hasNext: boolean): readonly ConfLine[] => {
    const { body = prologue } = section ?? {}
    const { own, between, lead } = divideGap(takeGap(body), hasNext)
    for (const line of own) body.push(line)
    if (section === undefined) for (const line of between) prologue.push(line)
    else sections.push({ ...section, between })
    return lead
  }
  for (const line of lines) {
    if (line.token.kind === 'header') section = { lead: finish(true), header: line, body: [] }
    else (section?.body ?? prologue).push(line)
  }
  finish(false)
  return { prologue, sections }
}

/** Divides the lines between two sections into disabled peers and those above the first of them. */
function takeDisabled(lines: readonly ConfLine[]): {
  readonly rest: readonly ConfLine[]
  readonly peers: readonly DisabledPeer[]
} {
  const { lines: enabled, originals } = enableLines(lines) ?? {}
  if (enabled === undefined || originals === undefined) return { rest: lines, peers: [] }
  const inFile = (some: readonly ConfLine[]) => some.map((line) => originals.get(line) ?? line)
  const { prologue, sections } = divide(enabled)
  const peers = sections.map(({ lead, header, body, between }) => {
    const remaining = inFile(between)
    return new DisabledPeer(
      { lead, header, body, between: remaining },
      inFile([...lead, header, ...body]),
    )
  })
  return { rest: inFile(prologue), peers }
}

function newSection(lines: SectionLines): ConfSection {
  const { token } = lines.header
  return new ConfSection(token.kind === 'header' ? token.section : undefined, lines)
}

/** Removes the comments and empty lines at the end, and returns them. */
function takeGap(lines: ConfLine[]): ConfLine[] {
  return lines.splice(lengthWithoutGap(lines))
}

function lengthWithoutGap(lines: readonly ConfLine[]): number {
  return lines.findLastIndex(({ token }) => !isSpace(token)) + 1
}

function isSpace({ kind }: Token): boolean {
  return kind === 'blank' || kind === 'comment'
}
