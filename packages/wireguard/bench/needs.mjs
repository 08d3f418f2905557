import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** @type {import('./case.d.ts').Need} */
export function needsWireGuardGo() {
  if (process.platform !== 'linux' || !succeeds('unshare', '-n', 'true')) {
    return 'needs a network namespace: run as root on Linux, with util-linux installed'
  }
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun: load the tun module'
  if (succeeds('wireguard-go', '--version')) return undefined
  return 'needs wireguard-go: apt-get install wireguard-go'
}

/** @type {import('./case.d.ts').Need} */
export function needsWg() {
  return succeeds('wg', '--version') ? undefined : 'needs wg: apt-get install wireguard-tools'
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
function succeeds(file, ...args) {
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0
}
