import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, npm, runQuietly } from './process.mjs'

const LOCKFILE = join(ROOT, 'package-lock.json')
// Inside node_modules, so that removing the one removes the other; `npm ci` empties the folder
// before it begins.
const STAMP = join(ROOT, 'node_modules', '.install-stamp')

/**
 * Installs what the lockfile names, unless that was done already. Ends the process when it cannot
 * be done. Development dependencies are named because NODE_ENV=production would leave them out; no
 * install script of any package runs, none is needed.
 * @returns {Promise<void>}
 */
export async function ensureInstalled() {
  requireNode()
  const hash = createHash('sha256').update(readFileSync(LOCKFILE)).digest('hex')
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8').trim() === hash) return
  process.stderr.write('installing the development dependencies (npm ci) ...\n')
  const flags = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const status = await runQuietly(npm('ci', ...flags))
  if (status !== 0) process.exit(status)
  writeFileSync(STAMP, `${hash}\n`)
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`Node.js 20.19 or newer is needed, this is ${process.versions.node}\n`)
  process.exit(1)
}
