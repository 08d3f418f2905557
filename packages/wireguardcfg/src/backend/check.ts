import { invalid, quote, type WireGuardError } from '../model/errors.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../model/config.js'
import type * as Schema from '../schema.js'
import { fastCheckDeviceConfig, freezePeer } from './fast-check.js'

/**
 * Checks a configuration and returns it in checked form: keys parsed, addresses canonical. Every
 * backend calls this before it sends the first byte. A configuration that is already checked passes
 * at once; zod is loaded when there is something to refuse.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the first field that is not acceptable
 */
export async function checkDeviceConfig(
  config: DeviceConfig | CheckedDeviceConfig,
): Promise<CheckedDeviceConfig> {
  const before = checked.get(config)
  if (before !== undefined) return before
  // zod takes a Map or a forgotten promise for an object without fields, and nothing would be
  // configured.
  const kind = Object.prototype.toString.call(config)
  if (kind !== '[object Object]') {
    throw invalid(
      `expected an object${kind === '[object Promise]' ? '; await the promise first' : ''}`,
      {
        operation: OPERATION,
      },
    )
  }
  const accepted = await fastCheckDeviceConfig(config)
  if (accepted !== undefined) return remember(accepted)
  const schema = await import('../schema.js')
  const result = schema.deviceConfigSchema.safeParse(config)
  if (result.success) return markChecked(result.data)
  throw firstError(result.error.issues, schema)
}

/**
 * For parsers that make a configuration which needs no further check: freezes it, so that it stays
 * so, and remembers it.
 */
export function markChecked(config: CheckedDeviceConfig): CheckedDeviceConfig {
  for (const peer of config.peers ?? []) freezePeer(peer)
  return remember(config)
}

/** The peers are frozen already. */
function remember(config: CheckedDeviceConfig): CheckedDeviceConfig {
  if (config.peers !== undefined) Object.freeze(config.peers)
  checked.set(config, Object.freeze(config))
  return config
}

/** What is used of an issue of zod. */
interface Issue {
  readonly code?: string | undefined
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly keys?: readonly string[]
}

const OPERATION = 'check configuration'
const checked = new WeakMap<object, CheckedDeviceConfig>()

function firstError(issues: readonly Issue[], schemas: typeof Schema): WireGuardError {
  const first = issues[0]
  // A field that is missing is often there under another name, which says more.
  const parent = fieldPath(first?.path.slice(0, -1) ?? [])
  const issue =
    issues.find(({ code, path }) => code === 'unrecognized_keys' && fieldPath(path) === parent) ??
    first
  const unknown = issue?.code === 'unrecognized_keys' ? (issue.keys?.[0] ?? '') : undefined
  const path = fieldPath([...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])])
  const message = issue?.message ?? 'not a configuration'
  return invalid(
    unknown === undefined ? message : `unknown field${suggestion(unknown, issue!.path, schemas)}`,
    {
      operation: OPERATION,
      path: path === '' ? undefined : path,
    },
  )
}

// As long as a key of ours could be, and shorter than a secret pasted into the wrong place.
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/

function fieldPath(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    // Any text can be the name of an unknown field.
    else if (!FIELD_NAME.test(String(part))) text += `[${quote(part)}]`
    else text += `${text === '' ? '' : '.'}${String(part)}`
  }
  return text
}

function suggestion(
  key: string,
  path: readonly PropertyKey[],
  { deviceConfigSchema, peerConfigSchema }: typeof Schema,
): string {
  const plain = key.toLowerCase().replaceAll(/[^a-z]/g, '')
  const { shape } = path.length === 0 ? deviceConfigSchema : peerConfigSchema
  const field = Object.keys(shape).find((name) => name.toLowerCase() === plain)
  return field === undefined ? '' : `; did you mean ${field}?`
}
