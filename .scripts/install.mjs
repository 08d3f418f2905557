// node .scripts/install.mjs: installs the packages of package-lock.json, unless they are installed.
// Uses only modules of Node, because it runs before they are installed.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node.js 20.19 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}
if (!isInstalled()) {
  console.error('installing the development dependencies (npm ci) ...')
  // NODE_ENV=production would leave them out. No package needs its install script.
  const flags = ['--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const shell = process.platform === 'win32' // npm.cmd does not start without one
  const { status } = spawnSync('npm', ['ci', ...flags], { cwd: ROOT, stdio: 'inherit', shell })
  if (status !== 0) process.exit(status ?? 1)
}

/** Compares with the list of what npm installed, which it writes last. */
function isInstalled() {
  try {
    const [wanted, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
      (file) => JSON.parse(readFileSync(ROOT + file, 'utf8')).packages,
    )
    return Object.entries(wanted).every(
      ([path, { version, optional }]) =>
        !path.includes('node_modules/') || optional || installed[path]?.version === version,
    )
  } catch {
    return false
  }
}
