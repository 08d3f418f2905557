import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The folder of the monorepo, in which every program is run. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

const running = new Set()
let stopped = 0
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = 128 + constants.signals[signal]
    for (const child of running) child.kill(signal)
  })
}

/**
 * Runs a program to its end. A signal that ends this process ends the program first.
 * @param {readonly string[]} command
 * @param {{ env?: Record<string, string>, prefix?: string }} [options] env: added to the
 * environment; prefix: put in front of every line of the output
 * @returns {Promise<number>} its exit status
 */
export function run([file, ...args], { env, prefix } = {}) {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: prefix === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && file === 'npm', // npm.cmd does not start without one
  })
  running.add(child)
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface(stream).on('line', (line) => console.error(`${prefix}${line}`))
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      running.delete(child)
      if (stopped > 0 && running.size === 0) process.exit(stopped)
      resolve(code ?? 1)
    })
  })
}
