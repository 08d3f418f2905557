import { spawnSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import type { Requirement } from '../../../../test-fixtures/require.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { type Example, examplesOf, type Tier } from './documents.js'

/** ping(8), or busybox, which has one. */
export const hasPing: Requirement = () =>
  ['ping', 'busybox'].some((program) => spawnSync('which', [program]).status === 0)
    ? { ok: true }
    : { ok: false, reason: 'needs ping: apt-get install iputils-ping' }

/**
 * Runs an example with two named namespaces, `left` and `right`, that nothing else sees.
 *
 * @returns what it printed, and after a line of dashes what interfaces are left in the three
 * namespaces
 */
export async function runWithNamespaces(example: string): Promise<CommandResult> {
  await using directory = await temporaryDirectory()
  const busybox = spawnSync('which', ['busybox'], { encoding: 'utf8' }).stdout.trim()
  if (busybox !== '') await symlink(busybox, `${directory.path}/ping`)
  const path = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url))
  const script = '"$@"; echo ---; ip -br link; ip -n left -br link; ip -n right -br link'
  return await runCommand(inNamespaces(script, process.execPath, path), {
    env: { PATH: `${process.env['PATH']}:${directory.path}` },
  })
}

/** The command that runs a script of sh in namespaces of its own; `args` are its arguments. */
function inNamespaces(script: string, ...args: readonly string[]): [string, ...string[]] {
  const prepare = [
    'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns',
    'mkdir -p /run/wireguard && mount -t tmpfs tmpfs /run/wireguard',
    'ip link set lo up && ip netns add left && ip netns add right',
  ]
  return ['unshare', '-nm', 'sh', '-ec', [...prepare, script].join('\n'), 'sh', ...args]
}

/** What came of an example of the documentation. */
interface Outcome {
  /** Where the example is: `README.md:12`. */
  readonly place: string
  /** What it printed. */
  readonly lines: readonly string[]
  /** Why it failed; absent: it did not. */
  readonly failure?: string
}

/**
 * Runs the examples of a page with the built packages, one after the other in one process. Each
 * finds an interface `wg0` with two peers, and a file `/etc/wireguard/wg0.conf`.
 *
 * @param tiers which of them
 * @param against `server`: a device in the process; `machine`: interfaces of this machine, in
 * namespaces of their own with the named network namespaces `left` and `right`
 * @returns those that failed, or did not print what the page says, with the reason
 */
export async function faultsOf(
  page: string,
  tiers: readonly Tier[],
  against: 'server' | 'machine',
): Promise<string[]> {
  const examples = examplesOf(page).filter(({ tier }) => tiers.includes(tier))
  if (examples.length === 0) return []
  const program = fileURLToPath(new URL('run-examples.mjs', import.meta.url))
  const node = [process.execPath, program, against] as const
  const { stdout, stderr, code } = await runCommand(
    against === 'server' ? node : inNamespaces('"$@"', ...node),
    { input: JSON.stringify(examples), timeout: 300_000 },
  )
  if (code !== 0) throw new Error(`${code}: ${stderr}`)
  const outcomes = JSON.parse(stdout) as Outcome[]
  return outcomes.flatMap((outcome, i) => {
    const fault = faultOf(examples[i]!, outcome)
    return fault === undefined ? [] : [`${outcome.place}: ${fault}`]
  })
}

/**
 * Why an outcome is not what the page says: it failed, or did not print what the comments after
 * its `console.log` say, in that order. `...` in a comment stands for any text, and a comment that
 * begins with `for example` for anything. `undefined`: it is.
 */
function faultOf({ code }: Example, { lines, failure }: Outcome): string | undefined {
  if (failure !== undefined) return failure
  let next = 0
  for (const match of code.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)) {
    const comment = match[1]!
    if (comment.startsWith('for example')) continue
    const found = lines.findIndex((line, i) => i >= next && isLike(line, comment))
    if (found < 0) return `did not print ${comment}, but:\n${lines.slice(next).join('\n')}`
    next = found + 1
  }
  return undefined
}

function isLike(line: string, comment: string): boolean {
  const parts = comment.split('...').map((part) => part.replaceAll(/[^\w\s]/g, String.raw`\$&`))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(line)
}
