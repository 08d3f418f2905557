import type { WireGuardError } from 'wireguardcfg'

/** What a promise, or the function that makes it, rejects with. */
export async function caught(failing: Promise<unknown> | (() => unknown)): Promise<WireGuardError> {
  try {
    await (typeof failing === 'function' ? failing() : failing)
  } catch (error) {
    return error as WireGuardError
  }
  throw new Error('expected a rejection')
}
