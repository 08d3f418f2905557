import { errorCode, invalid, isWireGuardError, type WireGuardError } from '../model/errors.js'
import { quote } from '../model/quote.js'
import type { CheckedDeviceConfig, DeviceConfig } from '../model/config.js'
import { ConfigReader, freezePeer } from './config-reader.js'
import { nextTurn } from './turns.js'

/**
 * Checks a configuration and returns it in checked form, with keys parsed and addresses canonical.
 * Every backend calls this before it sends the first byte. A configuration that is already checked
 * is returned as it is.
 *
 * The check stops at the first fault. A large configuration is checked in slices, so that the event
 * loop runs in between. It accepts what the schemas of `wireguardcfg/schema` accept, without the
 * loading of zod.
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
  const reader = new ConfigReader()
  try {
    refuseOtherKinds(config)
    const reading = reader.read(config)
    for (;;) {
      const { done, value } = reading.next()
      if (done === true) return remember(value)
      await nextTurn()
    }
  } catch (error) {
    throw located(error, reader.path)
  }
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

const OPERATION = 'check configuration'
const checked = new WeakMap<object, CheckedDeviceConfig>()

/**
 * A Map, or a promise that was not awaited, is an object without fields. Nothing would be
 * configured.
 */
function refuseOtherKinds(config: unknown): void {
  const kind = Object.prototype.toString.call(config)
  if (kind === '[object Object]') return
  throw invalid(
    `expected an object${kind === '[object Promise]' ? '; await the promise first' : ''}`,
  )
}

/** Adds where the fault is. A getter or a proxy of the caller may throw anything. */
function located(error: unknown, parts: readonly PropertyKey[]): WireGuardError {
  const path = parts.length === 0 ? undefined : fieldPath(parts)
  const context = { operation: OPERATION, path }
  if (isWireGuardError(error)) return error.with(context)
  const detail = errorCode(error, '')
  return invalid('reading it failed', {
    ...context,
    detail: detail === '' ? undefined : detail,
    cause: error,
  })
}

// Long enough for every field name, and shorter than a secret pasted into the wrong place.
const FIELD_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/

function fieldPath(parts: readonly PropertyKey[]): string {
  let text = ''
  for (const part of parts) {
    if (typeof part === 'number') text += `[${part}]`
    // Any text can be the name of an unknown field.
    else if (!FIELD_NAME.test(String(part))) text += `[${quote(part)}]`
    else text += `${text === '' ? '' : '.'}${String(part)}`
  }
  return text
}
