// Real interfaces, for the tests on real kernels.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { formatEndpoint, parseEndpoint, SecretKey } from 'wireguardcfg'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'
import { runCommand } from '../../../../test-fixtures/command.js'
import { until } from '../../../../test-fixtures/wait.js'

/** Runs a program; throws what it printed when it fails. */
export async function run(...command: readonly [string, ...string[]]): Promise<string> {
  const { stdout, stderr, code } = await runCommand(command, { timeout: 120_000 })
  if (code !== 0) throw new Error(`${command.join(' ')}: ${code}: ${stderr}`)
  return stdout
}

/** An interface that is deleted at the end of its scope. `peers`: about how many it will have. */
export async function addInterface(
  name: string,
  { kind = 'wireguard', peers = 0 } = {},
): Promise<AsyncDisposable & { readonly name: string }> {
  await run('ip', 'link', 'add', name, 'type', kind)
  return {
    name,
    async [Symbol.asyncDispose]() {
      if (peers >= MANY_PEERS) await putAway(name)
      else await runCommand(['ip', 'link', 'delete', name])
    },
  }
}

/**
 * Waits until the deletion of an interface has begun: the kernel takes it off its list first, and
 * then waits for open dumps of it.
 */
export async function untilDeleting(name: string): Promise<void> {
  const isListed = () =>
    readFileSync('/proc/self/net/dev', 'utf8').split(/\s+/).includes(`${name}:`)
  await until(() => !isListed(), `the kernel deletes ${name}`)
}

// The kernel waits for a grace period of RCU for every peer of an interface that is deleted: 18 ms
// each in an emulated machine.
const MANY_PEERS = 300
let attic: ChildProcess | undefined

/**
 * Moves an interface into an unused network namespace. A virtual machine ends before the interface
 * is deleted.
 */
async function putAway(name: string): Promise<void> {
  attic ??= spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore', detached: true })
  attic.unref()
  const { pid } = attic
  const here = readlinkSync('/proc/self/ns/net')
  const isElsewhere = () => readlinkSync(`/proc/${pid}/ns/net`) !== here
  await until(isElsewhere, 'unshare has made a namespace')
  await run('ip', 'link', 'set', name, 'netns', String(pid))
}

/** For afterAll of a suite that makes interfaces of many peers. */
export function closeAttic(): void {
  if (process.env['WIREGUARD_TEST_VM'] === undefined) attic?.kill()
}

/** Configures an interface by `wg setconf`. */
export async function wgSetconf(name: string, config: CheckedDeviceConfig): Promise<void> {
  const { code, stderr } = await runCommand(['wg', 'setconf', name, '/dev/stdin'], {
    input: formatConf(config),
    timeout: 120_000,
  })
  if (code !== 0) throw new Error(`wg setconf: ${stderr}`)
}

/** A configuration as wg(8) reads it. */
function formatConf({
  privateKey,
  listenPort,
  firewallMark,
  peers = [],
}: CheckedDeviceConfig): string {
  const lines = ['[Interface]']
  if (privateKey instanceof SecretKey) lines.push(`PrivateKey = ${privateKey.toBase64()}`)
  if (listenPort !== undefined) lines.push(`ListenPort = ${listenPort}`)
  if (firewallMark !== undefined) lines.push(`FwMark = ${firewallMark}`)
  for (const peer of peers) {
    lines.push('[Peer]', `PublicKey = ${peer.publicKey}`)
    if (peer.presharedKey instanceof SecretKey) {
      lines.push(`PresharedKey = ${peer.presharedKey.toBase64()}`)
    }
    if (peer.endpoint !== undefined) {
      // Through the parser, as a check of the endpoint itself.
      const endpoint = parseEndpoint(formatEndpoint(peer.endpoint))
      lines.push(`Endpoint = ${formatEndpoint(endpoint)}`)
    }
    if (peer.persistentKeepalive !== undefined) {
      lines.push(`PersistentKeepalive = ${peer.persistentKeepalive}`)
    }
    const { allowedIPs = [] } = peer
    // wg reads lines of any length, but a line per hundred is easier to look at.
    for (let i = 0; i < allowedIPs.length; i += 100) {
      lines.push(`AllowedIPs = ${allowedIPs.slice(i, i + 100).join(', ')}`)
    }
  }
  return `${lines.join('\n')}\n`
}
