import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import {
  addPeer,
  type Conf,
  type ConfLine,
  type ConfSection,
  formatConf,
  parseConf,
  peerName,
  setPeerName,
} from 'wireguardcfg/conf'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { confText } from '../../../wireguardcfg/test/conf/arbitrary.js'
import { outcomeOf } from '../faults.js'
import { must, target } from '../target.js'
import { CONF_WORDS, confFiles } from './conf.js'

type Edit = {
  readonly kind: string
  /** Which peer of the file. */
  readonly peer: number
  readonly key: string
  readonly value: string
}

type Editing = { readonly text: string; readonly edits: readonly Edit[] }

const KINDS = [
  'set',
  'add',
  'unset',
  'setPeer',
  'addPeer',
  'removePeer',
  'disablePeer',
  'rename',
  'comment',
] as const
const KEYS = [
  'ListenPort',
  'listenport',
  'Address',
  'PostUp',
  'PublicKey',
  'AllowedIPs',
  'MTU',
  'X',
]
const VALUES = [
  '1',
  '51820',
  '10.0.0.1/24',
  'a b',
  ' x ',
  'a#b',
  '',
  'a\nb',
  'bob',
  "Bob's",
  '=',
  'é',
]

export const confEdits = target<Editing>({
  name: 'conf-edits',
  what: 'edits of files: untouched lines stay, what was written is read back, and undone',
  fresh: fc.record({
    text: confText,
    edits: fc.array(
      fc.record({
        kind: fc.constantFrom(...KINDS),
        peer: fc.nat(3),
        key: fc.constantFrom(...KEYS),
        value: fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 6 })),
      }),
      { maxLength: 5 },
    ),
  }),
  seeds: () =>
    confFiles().map((text) => ({
      text,
      edits: KINDS.map((kind) => ({ kind, peer: 0, key: 'ListenPort', value: '7' })),
    })),
  words: [...CONF_WORDS, ...KINDS, ...KEYS, ...VALUES],
  open: () => ({ run: edit }),
})

function edit({ text, edits }: Editing): void {
  const conf = parseConf(text)
  for (const one of edits.slice(0, 12)) {
    const before = formatConf(conf)
    const sections = [...conf.sections]
    const lines = new Map(sections.map((section) => [section, linesOf(section)]))
    const result = outcomeOf(() => apply(conf, one))
    const after = formatConf(conf)
    const name = `${one.kind} of ${JSON.stringify(one)}`
    if ('error' in result) {
      must(after === before, () => `a refused ${name} changed the file`)
      continue
    }
    checkReadBack(conf, after, name)
    checkOthers(conf, one, { sections, lines, result: result.value }, name)
    checkUndo(before, one, name)
  }
}

/** Applies an edit. Returns the section that it touched, if it is one of a peer. */
function apply(conf: Conf, { kind, peer, key, value }: Edit): ConfSection | undefined {
  const section = conf.peers[Math.abs(Math.trunc(peer)) % Math.max(1, conf.peers.length)]
  switch (kind) {
    case 'set':
      conf.set(key, value)
      return undefined
    case 'add':
      conf.add(key, value)
      return undefined
    case 'unset':
      conf.unset(key)
      return undefined
    case 'setPeer':
      section?.set(key, value)
      return section
    case 'addPeer':
      return addPeer(conf, { publicKey: publicKeyOf(peer), name: value })
    case 'removePeer': {
      const publicKey = section?.get('PublicKey')
      if (publicKey !== undefined) conf.removePeer(publicKey)
      return undefined
    }
    case 'disablePeer': {
      const publicKey = section?.get('PublicKey')
      if (publicKey !== undefined) conf.disablePeer(squeezed(publicKey))
      return undefined
    }
    case 'rename':
      if (section !== undefined) setPeerName(section, value)
      return section
    case 'comment':
      section?.addComment(value)
      return section
    default:
      return undefined
  }
}

/** The edited document and the file that it is written to mean the same. */
function checkReadBack(conf: Conf, text: string, name: string): void {
  const read = parseConf(text)
  must(formatConf(read) === text, () => `after ${name}, the formatted file differs`)
  must(
    isDeepStrictEqual(read.sections.map(meaning), conf.sections.map(meaning)),
    () => `after ${name}, the file reads as something else: ${JSON.stringify(text)}`,
  )
}

function meaning(section: ConfSection): unknown {
  const entries = section.lines.flatMap((line) => {
    const key = keyOf(line)
    return key === undefined ? [] : [[key, line.value]]
  })
  return { kind: section.kind, entries }
}

interface Before {
  readonly sections: readonly ConfSection[]
  readonly lines: ReadonlyMap<ConfSection, readonly string[]>
  readonly result: ConfSection | undefined
}

/** What was not to be changed has not been changed, and what was has been. */
function checkOthers(
  conf: Conf,
  one: Edit,
  { sections, lines, result }: Before,
  name: string,
): void {
  const { kind, key, value } = one
  const kept = new Set(conf.sections)
  for (const section of sections) {
    if (!kept.has(section)) {
      must(/^(?:remove|disable)Peer$/.test(kind), () => `${name} removed a section`)
      continue
    }
    const own = section === result || (section.kind === 'interface' && kind !== 'removePeer')
    const changed = own && ['set', 'add', 'unset', 'setPeer'].includes(kind) ? fold(key) : undefined
    const old = lines.get(section)!
    const without = (list: readonly string[]) =>
      changed === undefined ? list : list.filter((line) => keyIn(line) !== changed)
    const isRewritten = own && ['rename', 'comment'].includes(kind)
    const ours = linesOf(section).filter((line) => !isRewritten || keyIn(line) !== undefined)
    const theirs = old.filter((line) => !isRewritten || keyIn(line) !== undefined)
    must(
      isSubsequence(without(theirs), without(ours)),
      () => `${name} changed other lines: ${JSON.stringify([theirs, ours])}`,
    )
  }
  if (kind === 'set') {
    const [read] = [parseConf(formatConf(conf)).getAll(key)]
    must(
      read.length === 1 && read[0] === trimmed(value),
      () => `${name} is read as ${JSON.stringify(read)}`,
    )
  }
  if (kind === 'unset') must(conf.get(key) === undefined, () => `${name} left a value`)
  // In a section without entries, a comment is taken for one about the next section.
  const allHaveEntries = conf.sections.every((section) => linesOf(section).some(keyIn))
  if ((kind === 'rename' || kind === 'addPeer') && result && allHaveEntries) {
    const at = conf.peers.indexOf(result)
    const read = parseConf(formatConf(conf)).peers[at]
    for (const section of [result, read!]) {
      must(
        peerName(section) === value.trim(),
        () => `after ${name} the name is ${JSON.stringify(peerName(section))}`,
      )
    }
  }
}

/** An edit and its opposite leave the file as it was. */
function checkUndo(text: string, one: Edit, name: string): void {
  const { kind, key, value } = one
  const conf = parseConf(text)
  if (kind === 'addPeer') {
    const publicKey = publicKeyOf(1_000_000)
    addPeer(conf, { publicKey })
    conf.removePeer(publicKey)
  } else if (kind === 'set' && conf.interfaces.length === 1) {
    const old = conf.getAll(key)
    if (old.length > 1) return
    conf.set(key, value)
    if (old.length === 0) conf.unset(key)
    // What is not accepted as a value cannot be written back.
    else if ('error' in outcomeOf(() => conf.set(key, old[0]!))) return
  } else if (kind === 'disablePeer') {
    const off = new Set(conf.disabledPeers.map((section) => section.get('PublicKey')))
    apply(conf, one)
    const isNew = (section: ConfSection) => !off.has(section.get('PublicKey'))
    const [publicKey] = conf.disabledPeers.filter(isNew).map((each) => each.get('PublicKey'))
    if (publicKey !== undefined) conf.enablePeer(squeezed(publicKey))
  } else return
  must(formatConf(conf) === text, () => `${name} and its opposite changed ${JSON.stringify(text)}`)
}

/**
 * The lines that have to stay. A byte order mark belongs to the file, not to the line that is the
 * first one just now, and an empty line may have separated a section from one that was removed.
 */
function linesOf(section: ConfSection): readonly string[] {
  const lines = section.lines.map(({ text }) => text.replace(/^\uFEFF/, ''))
  return lines.filter((line) => line !== '')
}

/** The key of a line as the parser reads it, in lower case. */
function keyIn(line: string): string | undefined {
  const parsed = parseConf(`[Interface]\n${line}`).lines[1]
  return parsed && keyOf(parsed)
}

/** The declarations of the package do not have the tokens. */
function keyOf(line: ConfLine): string | undefined {
  const { token } = line as ConfLine & { readonly token: { kind: string; folded?: string } }
  return token.kind === 'entry' ? token.folded : undefined
}

function fold(key: string): string {
  return key.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** A key is compared without white space. */
function squeezed(text: string): string {
  return text.replaceAll(/[ \t\n\v\f\r]+/g, '')
}

/** White space as in wg(8). */
function trimmed(text: string): string {
  return text.replaceAll(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '')
}

function isSubsequence(list: readonly string[], of: readonly string[]): boolean {
  let at = 0
  for (const one of of) if (one === list[at]) at++
  return at === list.length
}
