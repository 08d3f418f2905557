import { spawnSync } from 'node:child_process'
import { cpus, release, type } from 'node:os'

/** Returns the hardware and the versions of the run. A missing tool is `undefined`. */
export function machine() {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    system: `${type()} ${release()}`,
    node: process.version,
    wg: firstLine('wg', '--version')?.split(' - ')[0],
    'wireguard-go': firstLine('wireguard-go', '--version'),
  }
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @returns {string | undefined}
 */
function firstLine(file, ...args) {
  const { status, stdout } = spawnSync(file, args, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n')[0].trim() : undefined
}
