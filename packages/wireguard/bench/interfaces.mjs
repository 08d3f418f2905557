import { spawnSync } from 'node:child_process'

let count = 0

/**
 * Makes an interface of the kernel. It stays until its namespace or machine goes: deleting one of
 * many peers takes the kernel longer than what is measured.
 *
 * @returns {string} its name
 */
export function addInterface() {
  const name = `wgbench${count++}`
  ip(['link', 'add', name, 'type', 'wireguard'])
  return name
}

/**
 * Makes interfaces of another kind, which stay as well.
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
