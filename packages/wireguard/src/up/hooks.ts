import { hookCommand } from './plan/step.js'
import { findShell, type ProgramOptions, runProgram } from './run-program.js'

/**
 * Runs a command of a file, as wg-quick(8) does: by bash, in which the first command that fails is
 * the last.
 *
 * @throws WireGuardError as {@link runProgram}
 */
export async function runHook(
  script: string,
  options: Omit<ProgramOptions, 'input'>,
): Promise<void> {
  const command = hookCommand(script, options.name)
  await runProgram(findShell() ?? '/bin/sh', ['-e', '-c', command], options)
}
