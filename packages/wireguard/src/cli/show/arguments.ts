import { errorCode } from 'wireguardcfg/internal'
import { UsageError } from '../context.js'
import { FIELD_NAMES, type FieldName } from '../usage.js'

// An import would load all that is lazy in node:util.
const { parseArgs } = process.getBuiltinModule('node:util')

/** What `show` was asked for. */
export interface ShowRequest {
  readonly what: 'one' | 'all' | 'interfaces'
  /** Of the one interface; otherwise `''`. */
  readonly name: string
  /** The single value that is wanted, perhaps one that does not exist; `undefined`: everything. */
  readonly field: string | undefined
  readonly json: boolean
  /** Secret keys are printed where they would be hidden. */
  readonly reveal: boolean
}

/** Reads the arguments of `show`. @throws UsageError */
export function parseShow(args: readonly string[]): ShowRequest {
  const { positionals, values } = parse(args)
  const [name = 'all', field, ...rest] = positionals
  if (rest.length > 0 || (name === 'interfaces' && field !== undefined)) throw new UsageError('')
  const what = name === 'all' || name === 'interfaces' ? name : 'one'
  const { json = false, reveal = false } = values
  return { what, name: what === 'one' ? name : '', field, json, reveal }
}

/**
 * The name of a field. wg(8) looks at it only when it has read an interface, and so do its scripts.
 *
 * @throws UsageError
 */
export function knownField(field: string): FieldName {
  const known = FIELD_NAMES.find((name) => name === field)
  if (known === undefined) throw new UsageError(`Invalid parameter: \`${field}'`)
  return known
}

function parse(args: readonly string[]) {
  try {
    const options = { json: { type: 'boolean' }, reveal: { type: 'boolean' } } as const
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const isWrongArgument = errorCode(error).startsWith('ERR_PARSE_ARGS')
    // Errors of Node's core may come from another realm, so `instanceof` says nothing.
    if (!isWrongArgument || typeof error !== 'object' || error === null) throw error
    throw new UsageError('message' in error ? String(error.message) : '')
  }
}
