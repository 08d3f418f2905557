import { basename } from 'node:path'
import { WireGuardError } from 'wireguardcfg'
import { SYSTEM_PATH } from '../../userspace/environment.js'
import { findProgram } from '../../userspace/implementation.js'
import { runProgram } from '../run-program.js'

const { lstatSync, readFileSync, realpathSync } = process.getBuiltinModule('node:fs')

/** Milliseconds that the program may take. */
const TIMEOUT = 30_000

/** The program resolvconf(8), of openresolv or Debian, and what it calls a tunnel. */
export interface Resolvconf {
  readonly program: string
  readonly key: string
}

/**
 * Finds the program; undefined: there is none, or it is that of systemd-resolved.
 *
 * @param name of the interface
 */
export function findResolvconf(name: string): Resolvconf | undefined {
  const program = findProgram('resolvconf', { PATH: SYSTEM_PATH })
  if (program === undefined || basename(realpathSync(program)) === 'resolvectl') return undefined
  return { program, key: `${keyPrefix(program)}${name}` }
}

/**
 * Debian's program sorts name servers by the names in a file, as wg-quick(8) knows: the first
 * pattern of that file puts a tunnel before other interfaces.
 */
function keyPrefix(program: string): string {
  if (lstatSync(program).isSymbolicLink()) return ''
  let text: string
  try {
    text = readFileSync('/etc/resolvconf/interface-order', 'latin1')
  } catch {
    return ''
  }
  const prefix = /^([A-Za-z0-9-]+)\*$/m.exec(text)?.[1]
  return prefix === undefined ? '' : `${prefix}.`
}

/** Returns the arguments that add name servers: before all others, and alone where it can. */
export function addArguments(key: string): string[] {
  return ['-a', key, '-m', '0', '-x']
}

/** Returns the arguments that remove them. */
export function removeArguments(key: string): string[] {
  return ['-d', key, '-f']
}

/**
 * Runs the program.
 *
 * @throws WireGuardError `ENOENT` there is no program; as `runProgram`
 */
export async function runResolvconf(
  name: string,
  args: readonly string[],
  input: string,
): Promise<void> {
  const found = findResolvconf(name)
  if (found === undefined) {
    throw new WireGuardError('there is no program resolvconf', { code: 'ENOENT' })
  }
  // What it does is undone by running it again, so it is never killed because a caller goes.
  const limits = { timeout: TIMEOUT, signal: undefined }
  await runProgram(found.program, args, { name, within: inPlace, input, output: false, ...limits })
}

/** It works on files, which are the same in every network namespace. */
function inPlace<T>(step: () => T): T {
  return step()
}
