import { spawnSync } from 'node:child_process'

let count = 0

/**
 * Creates a kernel interface. It stays until its namespace or machine ends, because the kernel
 * needs more time to delete an interface with many peers than for what is measured.
 *
 * @returns {string} the name of the interface
 */
export function addInterface() {
  const name = `wgbench${count++}`
  ip(['link', 'add', name, 'type', 'wireguard'])
  return name
}

/**
 * Creates interfaces of another kind, which also stay.
 *
 * @param {number} number
 */
export function addOthers(number) {
  const names = Array.from({ length: number }, (_, i) => `other${i}`)
  ip(['-batch', '-'], names.map((name) => `link add ${name} type dummy\n`).join(''))
}

/**
 * @param {readonly string[]} args
 * @param {string} input
 */
function ip(args, input = '') {
  const { status, stderr } = spawnSync('ip', args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}
