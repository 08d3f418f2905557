import type { WireGuardError } from 'wireguardcfg'

/** Returns what a promise rejects with, or what the function throws. */
export async function caught(failing: Promise<unknown> | (() => unknown)): Promise<WireGuardError> {
  try {
    await (typeof failing === 'function' ? failing() : failing)
  } catch (error) {
    return error as WireGuardError
  }
  throw new Error('expected a rejection')
}
