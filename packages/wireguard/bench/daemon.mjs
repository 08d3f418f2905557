import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { isWireGuardError, UapiClient } from 'wireguardcfg'

/**
 * A real wireguard-go in a network namespace of its own. Its socket is reached from anywhere: unix
 * sockets know no network namespace.
 *
 * @typedef {{ name: string, stop(): Promise<void> }} Daemon
 */

/** How long the daemon may take until it answers, ms. */
const START_LIMIT = 10_000

/** @returns {Promise<Daemon>} once it answers */
export async function startDaemon() {
  const name = `wgbench${process.pid.toString(36)}`
  // setpriv: the daemon ends with this process, however that ends. Each of the three replaces the
  // one before.
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
      // ENODEV: its socket is not there yet.
      const starting = isWireGuardError(error) && error.code === 'ENODEV' && child.exitCode === null
      if (!starting || Date.now() > deadline) throw error
    }
  }
}
