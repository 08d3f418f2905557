import type { WireGuardError } from 'wireguardcfg'

/** Returns the error of a promise that rejects or of a function that throws. */
export async function caught(failing: Promise<unknown> | (() => unknown)): Promise<WireGuardError> {
  try {
    await (typeof failing === 'function' ? failing() : failing)
  } catch (error) {
    return error as WireGuardError
  }
  throw new Error('expected a rejection')
}
