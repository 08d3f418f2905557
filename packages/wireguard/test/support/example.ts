import { spawnSync } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import type { Requirement } from '../../../../test-fixtures/require.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'

/** ping(8), or busybox, which has one. */
export const hasPing: Requirement = () =>
  ['ping', 'busybox'].some((program) => spawnSync('which', [program]).status === 0)
    ? { ok: true }
    : { ok: false, reason: 'needs ping: apt-get install iputils-ping' }

/**
 * Runs an example with two named namespaces, `left` and `right`, that nobody else sees.
 *
 * @returns what it printed, and after a line of dashes what interfaces are left in the three
 * namespaces
 */
export async function runWithNamespaces(example: string): Promise<CommandResult> {
  await using directory = await temporaryDirectory()
  const busybox = spawnSync('which', ['busybox'], { encoding: 'utf8' }).stdout.trim()
  if (busybox !== '') await symlink(busybox, `${directory.path}/ping`)
  const path = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url))
  const commands = [
    'mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns',
    'ip link set lo up && ip netns add left && ip netns add right',
    '"$0" "$1"',
    'echo ---',
    'ip -br link; ip -n left -br link; ip -n right -br link',
  ]
  return await runCommand(
    ['unshare', '-nm', 'sh', '-ec', commands.join('\n'), process.execPath, path],
    { env: { PATH: `${process.env['PATH']}:${directory.path}` } },
  )
}
