import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Runs a program until it ends. Rejects if it fails.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<{ stdout: string }>} its standard output
 */
export function command(file, ...args) {
  return run(file, args, { maxBuffer: 1 << 30 })
}
