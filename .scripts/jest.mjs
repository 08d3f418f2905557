import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, temporaryFolder } from './process.mjs'

/** The command that starts jest in ESM mode. */
export const JEST = [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
]

/**
 * What one run of jest came to.
 * @typedef {object} Outcome
 * @property {number} status jest's exit status
 * @property {JestResults | undefined} results undefined when jest ran no test run at all (--help,
 * --listTests, a bad option)
 */

/**
 * The part of jest's --json output that is read here.
 * @typedef {object} JestResults
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numRuntimeErrorTestSuites suites that failed before their first test
 * @property {{ assertionResults: { status: string, ancestorTitles: string[] }[] }[]} testResults
 */

/**
 * Runs jest with its usual output.
 * @param {readonly string[]} args the user's own, for jest
 * @param {{ prefix?: readonly string[], extra?: readonly string[], env?: Record<string, string> }}
 * [options] prefix: a program that runs jest, extra: our arguments, put behind the user's
 * @returns {Promise<Outcome>}
 */
export async function runJest(args, { prefix = [], extra = [], env = {} } = {}) {
  const outputFile = join(temporaryFolder(), 'results.json')
  const json = ['--json', `--outputFile=${outputFile}`]
  const status = await run([...prefix, ...JEST, ...args, ...json, ...extra], env)
  return { status, results: readResults(outputFile) }
}

/**
 * @param {string} file
 * @returns {JestResults | undefined} undefined when jest wrote none
 */
export function readResults(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
