import { parseArgs, type ParseArgsConfig } from 'node:util'
import { UsageError } from './context.js'

type Options = NonNullable<ParseArgsConfig['options']>

/** Reads options in the way of GNU, and what stands beside them. @throws UsageError */
export function parseOptions<const T extends Options>(
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    // Not by `instanceof`: errors of Node's core may come from another realm.
    const isError = typeof error === 'object' && error !== null && 'message' in error
    throw new UsageError(isError ? String(error.message).split('.', 1)[0]! : '')
  }
}
