import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Runs a program to its end; rejects when it fails.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {Promise<{ stdout: string }>} what it printed, which is what a caller of it wants
 */
export function command(file, ...args) {
  return run(file, args, { maxBuffer: 1 << 30 })
}
