import { checkInterfaceName, type Device, isWireGuardError } from 'wireguardcfg'
import type { WireGuardOptions } from '../backends.js'
import { WireGuard } from '../wireguard.js'
import { type CommandContext, CommandError } from './context.js'
import { strerror } from './strerror.js'

/** Runs a step with WireGuard open, and closes it whatever happens. */
export async function withWireGuard<T>(
  context: CommandContext,
  step: (wg: WireGuard) => Promise<T>,
  options: WireGuardOptions = {},
): Promise<T> {
  const { open = (given: WireGuardOptions) => WireGuard.open(given) } = context.streams
  await using wg = await open(options)
  return await step(wg)
}

/**
 * The name of an interface as it was given.
 *
 * @throws CommandError when no interface can have this name; wg(8) would cut one that is too long
 */
export function checkedName(name: string): string {
  try {
    return checkInterfaceName(name)
  } catch (error) {
    throw new CommandError(isWireGuardError(error) ? error.message : String(error))
  }
}

/**
 * The names of all interfaces as wg(8) lists them: those of the kernel first. @throws CommandError
 */
export async function interfaceNames(context: CommandContext): Promise<string[]> {
  try {
    return await withWireGuard(context, (wg) => wg.deviceNames(), {
      backends: ['kernel', 'userspace'],
    })
  } catch (error) {
    throw failure('Unable to list interfaces', error)
  }
}

/** Reads one interface. @throws CommandError */
export async function readInterface(wg: WireGuard, name: string): Promise<Device> {
  const checked = checkedName(name)
  try {
    return await wg.device(checked)
  } catch (error) {
    throw failure('Unable to access interface', error)
  }
}

/**
 * Reads interfaces one after the other. What cannot be read is reported on standard error and left
 * out.
 */
export async function* readEach(
  wg: WireGuard,
  names: readonly string[],
  { out, err }: CommandContext,
): AsyncGenerator<{ readonly device: Device; readonly isLast: boolean }> {
  for (const [i, name] of names.entries()) {
    try {
      yield { device: await wg.device(name), isLast: i === names.length - 1 }
    } catch (error) {
      const { message } = failure(`Unable to access interface ${name}`, error)
      await out.flush()
      await err.write(`${message}\n`)
      await err.flush()
    }
  }
}

/** Changes one interface, step by step. @throws CommandError */
export async function modifying<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw failure('Unable to modify interface', error)
  }
}

/** What wg(8) says when the system refuses; any other error is a bug and stays what it is. */
function failure(what: string, error: unknown): CommandError {
  if (!isWireGuardError(error)) throw error
  return new CommandError(`${what}: ${strerror(error)}`)
}
