// Starting other programs, for the scripts beside this file. Node's own modules only: nothing is
// installed on a fresh clone.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the monorepo: every command of these scripts runs there. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Runs a program that talks to the user directly.
 * @param {readonly string[]} command
 * @param {Record<string, string>} [env] added to the environment
 * @returns {Promise<number>} its exit status, or 128 and the signal that ended it
 */
export async function run(command, env = {}) {
  return (await execute(command, { env, capture: false })).status
}

/**
 * Runs a program whose output matters only when it fails; then all of it is printed.
 * @param {readonly string[]} command
 * @param {Record<string, string>} [env] added to the environment
 * @returns {Promise<number>} its exit status, or 128 and the signal that ended it
 */
export async function runQuietly(command, env = {}) {
  const { status, output } = await execute(command, { env, capture: true })
  if (status !== 0) process.stderr.write(output)
  return status
}

/**
 * The command line of the npm that started us, or of the one in PATH.
 * @param {readonly string[]} args
 * @returns {string[]}
 */
export function npm(...args) {
  const script = process.env.npm_execpath ?? ''
  if (basename(script) === 'npm-cli.js') return [process.execPath, script, ...args]
  return ['npm', ...args]
}

/**
 * Waits for a child's end. Signals that ask this process to stop are handed to it; when all
 * children have ended, this process ends too.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} its exit status, or 128 and the signal that ended it, or 127: it could
 * not be started
 */
export function finished(child) {
  return new Promise((resolve) => {
    const stop = forwardSignals(child)
    child.on('error', (error) => {
      process.stderr.write(`${child.spawnfile}: ${error.message}\n`)
      stop()
      resolve(127)
    })
    child.on('close', (code, signal) => {
      stop()
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
    })
  })
}

/**
 * A new folder that is removed when this process ends.
 * @returns {string} its path
 */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'wireguard-test-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * @param {readonly string[]} command
 * @param {{ env: Record<string, string>, capture: boolean }} options
 * @returns {Promise<{ status: number, output: string }>}
 */
async function execute([file, ...args], { env, capture }) {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    shell: process.platform === 'win32' && file === 'npm', // npm.cmd does not start without one
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => (output += text))
  }
  return { status: await finished(child), output }
}

/** Children that have not ended. */
let running = 0
/** The signal that asked us to stop, as a number; 0: none. */
let received = 0

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {() => void} stops forwarding
 */
function forwardSignals(child) {
  running += 1
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
  const removals = signals.map((signal) => {
    const listener = () => {
      received = constants.signals[signal]
      child.kill(signal)
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  return () => {
    removals.forEach((remove) => remove())
    running -= 1
    if (received > 0 && running === 0) process.exit(128 + received)
  }
}
