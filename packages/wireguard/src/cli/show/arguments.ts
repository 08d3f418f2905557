import { errorCode, escapeUnprintable } from 'wireguardcfg/internal'
import { UsageError } from '../context.js'
import { FIELD_NAMES, type FieldName } from '../usage.js'

// An import would load the lazy parts of node:util.
const { parseArgs } = process.getBuiltinModule('node:util')

/** The parsed arguments of `show`. */
export interface ShowRequest {
  readonly what: 'one' | 'all' | 'interfaces'
  /** The name of the one interface, or `''`. */
  readonly name: string
  /** The field to print, which may be unknown; undefined: all fields. */
  readonly field: string | undefined
  readonly json: boolean
  /** Whether to print secret keys that are hidden by default. */
  readonly reveal: boolean
}

/** Parses the arguments of `show`. @throws UsageError */
export function parseShow(args: readonly string[]): ShowRequest {
  const { positionals, values } = parse(args)
  const [name = 'all', field, ...rest] = positionals
  if (rest.length > 0 || (name === 'interfaces' && field !== undefined)) throw new UsageError('')
  const what = name === 'all' || name === 'interfaces' ? name : 'one'
  const { json = false, reveal = false } = values
  return { what, name: what === 'one' ? name : '', field, json, reveal }
}

/**
 * Checks the name of a field. Call it after an interface was read, because wg(8) checks the name
 * only then.
 *
 * @throws UsageError
 */
export function knownField(field: string): FieldName {
  const known = FIELD_NAMES.find((name) => name === field)
  if (known === undefined) throw new UsageError(`Invalid parameter: \`${escapeUnprintable(field)}'`)
  return known
}

function parse(args: readonly string[]) {
  try {
    const options = { json: { type: 'boolean' }, reveal: { type: 'boolean' } } as const
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const isWrongArgument = errorCode(error).startsWith('ERR_PARSE_ARGS')
    // An error of Node itself may come from another realm, where `instanceof` is false.
    if (!isWrongArgument || typeof error !== 'object' || error === null) throw error
    throw new UsageError('message' in error ? escapeUnprintable(String(error.message)) : '')
  }
}
