import { inspect } from 'node:util'

/** Everything that a program could print of an error. */
export function everyText(error: unknown): string {
  const { message, stack, cause } = error as Error
  return [
    String(error),
    message,
    stack,
    String(cause),
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true, showProxy: true }),
  ].join('\n')
}
