import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { quote } from 'wireguardcfg/internal'
import { SYSTEM_PATH } from './environment.js'

// An import would also load the streams of node:fs, which takes 2 ms.
const { accessSync, constants, statSync } = process.getBuiltinModule('node:fs')

/** The variable that names a program to start instead of wireguard-go, as for wg-quick(8). */
export const IMPLEMENTATION_VARIABLE = 'WG_QUICK_USERSPACE_IMPLEMENTATION'

/**
 * Returns the path of the userspace implementation that `createDevice` starts: the program that
 * `WG_QUICK_USERSPACE_IMPLEMENTATION` names, else wireguard-go. A name without a slash is looked up
 * in the absolute directories of `PATH`, and without `PATH` in those of the system. Never in the
 * current directory: the program runs as root.
 *
 * @throws WireGuardError `ENOENT` no such program, `EACCES` it is not executable
 */
export function findImplementation(env: NodeJS.ProcessEnv = process.env): string {
  const wanted = env[IMPLEMENTATION_VARIABLE]
  // As wg-quick's ${...:-wireguard-go}: an empty variable counts as unset.
  const program = wanted === undefined || wanted === '' ? 'wireguard-go' : wanted
  const files = filesOf(program, env['PATH'])
  const path = files.find((file) => isExecutable(file))
  if (path !== undefined) return path
  if (files[0] !== undefined) {
    throw new WireGuardError(`the userspace implementation ${files[0]} is not executable`, {
      code: 'EACCES',
      hint: `Make it executable, or name another one in ${IMPLEMENTATION_VARIABLE}`,
    })
  }
  throw new WireGuardError(`no userspace implementation: ${quote(program)} not found`, {
    code: 'ENOENT',
    hint: `Install wireguard-go, or name the program in ${IMPLEMENTATION_VARIABLE}`,
  })
}

/** Returns the path of a program of the system, or undefined if it is not installed. */
export function findProgram(
  program: string,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  return filesOf(program, env['PATH']).find((file) => isExecutable(file))
}

function filesOf(program: string, path: string | undefined): string[] {
  const candidates = program.includes('/')
    ? [program]
    : directoriesOf(path).map((directory) => join(directory, program))
  // Absolute, because the daemon runs in the root directory. A daemon in another directory would
  // keep its file system from being unmounted.
  return candidates.map((file) => resolve(file)).filter((file) => isFile(file))
}

/** An empty or relative element would mean the current directory, or one below it. */
function directoriesOf(path: string = SYSTEM_PATH): string[] {
  return path.split(delimiter).filter((directory) => isAbsolute(directory))
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
