import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Runs a program of subjects/ in a process of its own, because other cases have changed the state
 * of this one.
 *
 * @param {string} file
 * @param {readonly (string | number)[]} args
 * @returns {Promise<any>} its output, which is JSON
 */
export async function runSubject(file, ...args) {
  const path = fileURLToPath(new URL(`subjects/${file}`, import.meta.url))
  const { stdout } = await run(process.execPath, ['--expose-gc', path, ...args.map(String)])
  return JSON.parse(stdout)
}
