import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs that the tests with real components use, and the Debian package of each. */
const TEST_TOOLS = {
  'wireguard-go': 'wireguard-go',
  wg: 'wireguard-tools',
  ip: 'iproute2',
  nft: 'nftables',
  strace: 'strace',
  unshare: 'util-linux',
}

/** Programs that boot a kernel: what test-fixtures/vm/kernelvm calls. */
const MACHINE_TOOLS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  cpio: 'cpio',
  depmod: 'kmod',
  xz: 'xz-utils',
}

/**
 * A program that is not there.
 * @typedef {{ tool: string, package: string }} MissingTool
 */

/** @returns {MissingTool[]} everything that a test may use and that is not installed */
export function missingTools() {
  return missing({ ...TEST_TOOLS, ...MACHINE_TOOLS })
}

/** @returns {MissingTool[]} what is not installed of the programs that boot a kernel */
export function missingMachineTools() {
  return missing(MACHINE_TOOLS)
}

/**
 * @param {Record<string, string>} tools
 * @returns {MissingTool[]}
 */
function missing(tools) {
  return Object.entries(tools)
    .filter(([tool]) => !(tool === 'busybox' ? isStatic(find(tool)) : find(tool)))
    .map(([tool, name]) => ({ tool, package: name }))
}

/**
 * @param {string} tool
 * @returns {string | undefined} its path
 */
function find(tool) {
  // A user's PATH may lack sbin, where depmod is.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, tool)).find(isExecutable)
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * An initramfs holds no shared libraries, and some systems bring a busybox that needs them. ldd(1)
 * fails on a static one.
 * @param {string | undefined} file
 */
function isStatic(file) {
  return file !== undefined && spawnSync('ldd', [file], { stdio: 'ignore' }).status !== 0
}
