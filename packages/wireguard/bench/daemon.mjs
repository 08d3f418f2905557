import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isWireGuardError, UapiClient } from 'wireguardcfg'

/**
 * A real wireguard-go in a network namespace of its own. Its socket is reachable from every network
 * namespace, because it has a path in the file system.
 *
 * @typedef {{ name: string, stop(): Promise<void> }} Daemon
 */

/** Milliseconds until the first reply of the daemon at most. */
const START_LIMIT = 10_000

/** @returns {Promise<Daemon>} resolves when the daemon replies */
export async function startDaemon() {
  const name = `wgbench${process.pid.toString(36)}`
  // With setpriv, the daemon ends when this process ends, also when it is killed. setpriv and
  // unshare replace themselves with the next program, so all three have one process id.
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'TERM', 'unshare', '-n', 'wireguard-go', '--foreground', name],
    { stdio: 'ignore', env: { ...process.env, LOG_LEVEL: 'silent' } },
  )
  const ended = once(child, 'close').catch((error) => error)
  const daemon = {
    name,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(`/var/run/wireguard/${name}.sock`, { force: true })
    },
  }
  try {
    await untilAnswered(name, child)
  } catch (error) {
    await daemon.stop()
    throw error
  }
  return daemon
}

/**
 * @param {string} name
 * @param {import('node:child_process').ChildProcess} child
 */
async function untilAnswered(name, child) {
  const client = new UapiClient()
  for (const deadline = Date.now() + START_LIMIT; ; await sleep(20)) {
    try {
      await client.device(name)
      return
    } catch (error) {
      // ENODEV means that the daemon has not created its socket yet.
      const starting = isWireGuardError(error) && error.code === 'ENODEV' && child.exitCode === null
      if (!starting || Date.now() > deadline) throw error
    }
  }
}
