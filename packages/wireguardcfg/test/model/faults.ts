import { inspect } from 'node:util'
import { expect } from '@jest/globals'
import { caught } from '../../../../test-fixtures/caught.js'
import { WireGuardError } from '../../src/model/errors.js'

export { everyText } from '../../../../test-fixtures/every-text.js'

/**
 * The `WireGuardError` that a function throws; fails the test when it throws nothing or anything
 * else.
 */
export function thrown(run: () => unknown): WireGuardError {
  let value: unknown
  try {
    value = run()
  } catch (error) {
    expect(error).toBeInstanceOf(WireGuardError)
    return error as WireGuardError
  }
  throw new Error(`expected a WireGuardError, got ${inspect(value)}`)
}

/** The `WireGuardError` that a promise rejects with. */
export async function rejected(promise: Promise<unknown>): Promise<WireGuardError> {
  const error = await caught(promise)
  expect(error).toBeInstanceOf(WireGuardError)
  return error
}

/** Fails when eight characters in a row of the secret can be seen in the text. */
export function expectNoPartOf(secret: string, text: string): void {
  expect(partsOf(secret, text)).toEqual([])
}

/**
 * Every eight characters in a row of the secret that can be seen in the text: none, if all is well.
 */
export function partsOf(secret: string, text: string): string[] {
  const seen: string[] = []
  for (let i = 0; i + 8 <= secret.length; i++) {
    if (text.includes(secret.slice(i, i + 8))) seen.push(secret.slice(i, i + 8))
  }
  return seen
}
