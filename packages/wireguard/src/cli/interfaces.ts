import { checkInterfaceName, type Device, isWireGuardError } from 'wireguardcfg'
import { quote } from 'wireguardcfg/internal'
import type { WireGuardOptions } from '../backends.js'
import { WireGuard } from '../wireguard.js'
import { type CommandContext, CommandError } from './context.js'
import { strerror } from './strerror.js'

/** Opens WireGuard, runs a step, and closes WireGuard even if the step fails. */
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
 * Returns the name if an interface can have it.
 *
 * @throws CommandError the name is not valid; wg(8) would truncate a name that is too long
 */
export function checkedName(name: string): string {
  // What stands for a byte that is not UTF-8. The library would look for another name.
  if (/\p{Surrogate}/u.test(name)) {
    throw new CommandError(`interface name ${quote(name)}: expected UTF-8`)
  }
  try {
    return checkInterfaceName(name)
  } catch (error) {
    throw isWireGuardError(error) ? new CommandError(error.message) : error
  }
}

/**
 * Returns the names of all interfaces in the order of wg(8): kernel interfaces first.
 *
 * @throws CommandError
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

/** Reads one device. @throws CommandError */
export async function readInterface(wg: WireGuard, name: string): Promise<Device> {
  const checked = checkedName(name)
  try {
    return await wg.device(checked)
  } catch (error) {
    throw failure('Unable to access interface', error)
  }
}

/**
 * Reads devices one after the other. Reports each device that cannot be read on standard error, and
 * leaves it out.
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

/** Runs a step that changes a device. @throws CommandError as wg(8) */
export async function modifying<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw failure('Unable to modify interface', error)
  }
}

/** Runs the step of `syncconf` that reads the device. @throws CommandError as wg(8) */
export async function retrieving<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw failure('Unable to retrieve current interface configuration', error)
  }
}

/** Returns the message of wg(8) for a system error. Throws any other error, which is a bug. */
function failure(what: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error
  if (!isWireGuardError(error)) throw error
  return new CommandError(`${what}: ${strerror(error)}`)
}
