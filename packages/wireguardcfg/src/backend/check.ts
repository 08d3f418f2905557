import { invalid, type WireGuardError } from '../model/errors.js'
import { nearestName } from '../model/options.js'
import { quote } from '../model/quote.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../model/config.js'
import type * as Schema from '../schema.js'
import { fastCheckDeviceConfig, freezePeer } from './fast-check.js'

/**
 * Checks a configuration and returns it in checked form, with keys parsed and addresses canonical.
 * Every backend calls this before it sends the first byte. A configuration that is already checked
 * is returned as it is. zod is loaded only when there is a fault to report.
 *
 * @example
 * ```ts
 * const checked = await checkDeviceConfig({ peers: [{ publicKey, allowedIPs: ['10.0.0.2'] }] })
 * console.log(checked.peers?.[0]?.allowedIPs) // ['10.0.0.2/32']
 * ```
 *
 * @throws WireGuardError `EINVAL` with the `path` of the first invalid field
 */
export async function checkDeviceConfig(
  config: DeviceConfig | CheckedDeviceConfig,
): Promise<CheckedDeviceConfig> {
  const before = checked.get(config)
  if (before !== undefined) return before
  // zod accepts a Map, or a promise that was not awaited, as an object without fields. Nothing
  // would be configured.
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
 * Freezes a configuration that needs no further check, and remembers it, so that
 * {@link checkDeviceConfig} returns it as it is. This is for parsers that create such a
 * configuration.
 */
export function markChecked(config: CheckedDeviceConfig): CheckedDeviceConfig {
  for (const peer of config.peers ?? []) freezePeer(peer)
  return remember(config)
}

/** Freezes and remembers a configuration whose peers are already frozen. */
function remember(config: CheckedDeviceConfig): CheckedDeviceConfig {
  if (config.peers !== undefined) Object.freeze(config.peers)
  checked.set(config, Object.freeze(config))
  return config
}

/** The part of a zod issue that is used here. */
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
  // A missing field is often present under a wrong name. That name says more.
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

// Long enough for every field name, and shorter than a secret pasted into the wrong place.
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
  const { shape } = path.length === 0 ? deviceConfigSchema : peerConfigSchema
  const field = nearestName(key, Object.keys(shape))
  return field === undefined ? '' : `; did you mean ${field}?`
}
