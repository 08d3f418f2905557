import { inspect } from 'node:util'
import { isWireGuardError } from 'wireguardcfg'
import type { State } from './operations.mjs'

/** How a call ended, in a form that goes through JSON. */
export type Outcome =
  | { readonly ok: true }
  | {
      readonly ok: false
      /** It is a WireGuardError. */
      readonly ours: boolean
      readonly code: string | undefined
      readonly applied: unknown
      /** Everything that the error says anywhere. */
      readonly text: string
    }

/** What was done to a call. */
export interface Injection {
  /** Where: 'send 2', 'openat zod/index.js 1'. */
  readonly point: string
  /** An errno's name, or 'abort before', 'abort after'. */
  readonly fault: string
}

/** The device around one call. */
export interface Effects {
  readonly before: State
  /** What it is after a call that succeeds. */
  readonly wanted: State
  readonly after: State
}

/** Runs a call to its end. */
export async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    await call()
    return { ok: true }
  } catch (error) {
    const ours = isWireGuardError(error)
    return {
      ok: false,
      ours,
      code: ours ? error.code : undefined,
      applied: ours ? error.applied : undefined,
      text: inspect(error, { depth: 10 })
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ \w+: undefined,/g, ''),
    }
  }
}

/**
 * Returns what is wrong with the end of a call into which a fault was injected: it must succeed, or
 * reject with a WireGuardError of a code, and leave the device as it was or as it was wanted, or
 * say that a part was applied.
 */
export function faultsOf(
  operation: string,
  { fault }: Injection,
  outcome: Outcome,
  { before, wanted, after }: Effects,
): string[] {
  const faults: string[] = []
  if (outcome.ok) {
    if (!same(after, wanted)) faults.push(`succeeded, but ${difference(after, wanted)}`)
    return faults
  }
  const { ours, code = '', applied, text } = outcome
  if (!ours) faults.push(`foreign error: ${text.slice(0, 500)}`)
  else if (!/^E[A-Z0-9]+$|^ABORT_ERR$/.test(code)) faults.push(`no POSIX code: ${code}`)
  if (fault === 'EINTR') faults.push(`an interrupted call was not repeated: ${text.slice(0, 300)}`)
  if (fault.startsWith('abort') && ours && code !== 'ABORT_ERR') {
    faults.push(`aborted, but the code is ${code}: ${text.slice(0, 300)}`)
  }
  for (const secret of secretsOf(before, wanted)) {
    if (text.includes(secret)) faults.push('a secret is in the error')
  }
  const isAllowed = operation === 'createDevice' ? [before] : [before, wanted]
  if (!isAllowed.some((state) => same(after, state))) {
    if (applied === undefined) {
      faults.push(`${code} without applied, but ${difference(after, before)}`)
    }
    const known = new Set([...before.peers, ...wanted.peers].map(keyOf))
    const strangers = after.peers.filter((peer) => !known.has(keyOf(peer)))
    if (strangers.length > 0) faults.push(`a temporary peer is left: ${strangers.join()}`)
  }
  return faults
}

function same(a: State, b: State): boolean {
  return a.rest === b.rest && a.peers.join('\n') === b.peers.join('\n')
}

/** Where two states differ, without what they have in common. */
function difference(a: State, b: State): string {
  const [extra, missing] = [linesOnlyIn(a, b), linesOnlyIn(b, a)]
  return `the device has ${extra || 'nothing else'} instead of ${missing || 'nothing'}`
}

function linesOnlyIn(a: State, b: State): string {
  return [...a.peers, a.rest]
    .filter((line) => line !== b.rest && !b.peers.includes(line))
    .map((line) => line.slice(0, 200))
    .slice(0, 3)
    .join('; ')
}

function keyOf(peer: string): string {
  return peer.split(' ')[0]!
}

function secretsOf(...states: readonly State[]): Set<string> {
  const keys = states.flatMap(({ peers, rest }) => [
    rest.split(' ')[0]!,
    ...peers.map((peer) => peer.split(' ')[1]!),
  ])
  return new Set(keys.filter((key) => key.length === 44))
}
