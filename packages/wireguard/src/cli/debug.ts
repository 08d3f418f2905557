import { tracingChannel } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import { release } from 'node:os'
import { dirname, join } from 'node:path'
import type { TracedCall, TracedDaemon, TracedLookup, TracedRequest } from 'wireguardcfg'
import { DEFAULT_SOCKET_DIRECTORY } from 'wireguardcfg'
import { escapeUnprintable, hideKeys } from 'wireguardcfg/internal'
import type { Output } from './output.js'
import type * as Version from './version.js'

/**
 * Runs a step, and prints what it does as lines on standard error, for reports of bugs. Each line
 * begins with the time since the start of the process. Keys are hidden, also those that a caller
 * has put into another place.
 */
export async function withDebug(err: Output, step: () => Promise<number>): Promise<number> {
  const print = (text: string): void => {
    const line = `debug ${performance.now().toFixed(1)} ms: ${hideKeys(escapeUnprintable(text))}\n`
    // Written at once, because the command may hang or be killed. Whoever closed standard error
    // wants no lines.
    void Promise.all([err.write(line), err.flush()]).catch(() => {})
  }
  // It has a file of its own, which `--version` loads alone.
  const versions = await import('./version.js')
  for (const line of environment(versions)) print(line)
  const unsubscribe = KINDS.map((kind) => subscribe(kind, print))
  try {
    const code = await step()
    print(`exit code ${code}`)
    return code
  } finally {
    for (const end of unsubscribe) end()
  }
}

/** What a traced object may have. */
type Field =
  | keyof TracedCall
  | keyof Extract<TracedRequest, { transport: 'netlink' }>
  | keyof Extract<TracedRequest, { transport: 'uapi' }>
  | keyof TracedLookup
  | keyof TracedDaemon

/** A kind of traced objects, and the fields that are printed. */
interface Kind {
  readonly name: string
  /** The fields that are there from the start. */
  readonly first: readonly Field[]
  /** Those that are there at the end. */
  readonly last: readonly Field[]
}

// No other field is printed, so that a new one is looked at first.
const KINDS: readonly Kind[] = [
  {
    name: 'call',
    first: ['api', 'method', 'device'],
    last: ['backend', 'peers'],
  },
  {
    name: 'request',
    first: ['transport', 'request', 'path', 'operation'],
    last: ['sentBytes', 'receivedBytes', 'datagrams', 'messages', 'interrupted', 'errno'],
  },
  { name: 'lookup', first: ['host'], last: ['address'] },
  { name: 'daemon', first: ['program', 'device', 'pid'], last: ['outcome'] },
]

/** A traced object, of whatever kind. */
type Fields = { readonly [F in Field]?: unknown }

function subscribe({ name, first, last }: Kind, print: (line: string) => void): () => void {
  const whole = [...first, ...last, 'code', 'duration'] as const
  const channel = tracingChannel<object, Fields>(`wireguard:${name}`)
  const subscribers = {
    start: (traced: Fields) => print(`start ${name}${textOf(traced, first)}`),
    end: ignore,
    asyncStart: ignore,
    asyncEnd: (traced: Fields) => print(`end ${name}${textOf(traced, whole)}`),
    error: ignore,
  }
  channel.subscribe(subscribers)
  return () => channel.unsubscribe(subscribers)
}

function ignore(): void {}

function textOf(traced: Fields, fields: readonly Field[]): string {
  return fields
    .filter((field) => traced[field] !== undefined)
    .map((field) => ` ${field}=${valueText(traced[field])}`)
    .join('')
}

function valueText(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000)
  const text = String(value)
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text)
}

/** The versions of everything that a report needs. */
function* environment({ version, versionIn }: typeof Version): Generator<string, void> {
  const own = createRequire(import.meta.url)
  const find = (name: string, manifest: () => string): string => {
    try {
      return `${name} ${versionIn(manifest())}`
    } catch {
      return `${name} missing`
    }
  }
  const packages = [
    `wireguard ${version()}`,
    find('wireguardcfg', () => own.resolve('wireguardcfg/package.json')),
    find('wireguardnl', () => own.resolve('wireguardnl/package.json')),
    find('koffi', () => koffiManifest(own)),
  ]
  yield `versions: ${packages.join(', ')}`
  const { platform, arch, version: node, getuid } = process
  yield `system: Node.js ${node}, ${platform} ${release()} ${arch}, user ${getuid?.() ?? 'unknown'}`
  const kernel = platform === 'linux' ? 'kernel, ' : ''
  yield `backends: ${kernel}userspace in ${DEFAULT_SOCKET_DIRECTORY}`
}

/** koffi is a dependency of wireguardnl alone, and its manifest is not exported. */
function koffiManifest(own: NodeJS.Require): string {
  const { resolve } = createRequire(own.resolve('wireguardnl/package.json'))
  return join(dirname(resolve('koffi')), 'package.json')
}
