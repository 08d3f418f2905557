/**
 * The zod schemas of everything that is written to a device, for your own request bodies. Backends
 * accept the same by a check of their own, which needs no zod. Importing this module loads zod.
 *
 * @packageDocumentation
 */
import { z } from 'zod'
import { listOf as readList } from './backend/given-list.js'
import { canonicalAllowedIP } from './model/allowed-ip.js'
import type { CheckedDeviceConfig, DeviceConfig, PeerConfig } from './model/config.js'
import { checkEndpoint, parseEndpoint } from './model/endpoint.js'
import { parseConfigSecret, parsePublicKey, SecretKey } from './model/key.js'
import { isWireGuardError } from './model/errors.js'
import { checkInterfaceName } from './model/interface-name.js'
import { DEVICE_FIELDS, PEER_FIELDS } from './model/fields.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from './model/limits.js'
import { HIDDEN } from './model/quote.js'
import { type DeviceJSON, parseSecret, parseTime, type PeerJSON } from './state/device-json.js'

/**
 * The schema of a public key: 44 characters of canonical base64.
 *
 * @example
 * ```ts
 * const { publicKey } = z.object({ publicKey: publicKeySchema }).parse(request.body)
 * ```
 */
export const publicKeySchema = z.string('expected a string').transform(attempt(parsePublicKey))

/**
 * The schema of a private or preshared key: a `SecretKey`, or 44 characters of canonical base64.
 * Returns a `SecretKey`.
 *
 * @example
 * ```ts
 * const privateKey = secretKeySchema.parse(text)
 * ```
 */
export const secretKeySchema = z
  .custom<SecretKey | string>(
    (value) => value instanceof SecretKey || typeof value === 'string',
    'expected a SecretKey or base64 text',
  )
  .transform(attempt(parseConfigSecret))

/**
 * The schema of an endpoint: `address:port` or both parts. Returns both parts, with the host in
 * canonical text.
 *
 * @example
 * ```ts
 * endpointSchema.parse('[2001:DB8::1]:51820') // { host: '2001:db8::1', port: 51820 }
 * ```
 */
export const endpointSchema = z
  .union(
    [
      z.string(),
      z.strictObject({
        host: z.string('expected a string'),
        port: z.number('expected a number'),
      }),
    ],
    'expected "address:port" or { host, port }',
  )
  .transform(
    attempt((value) => (typeof value === 'string' ? parseEndpoint(value) : checkEndpoint(value))),
  )

/**
 * The schema of an allowed IP in any spelling. Returns the canonical text, with the host bits
 * cleared.
 *
 * @example
 * ```ts
 * allowedIPSchema.parse('10.0.0.7/24') // '10.0.0.0/24'
 * ```
 */
export const allowedIPSchema = z.string('expected a string').transform(attempt(canonicalAllowedIP))

/**
 * The schema of a `PeerConfig`.
 *
 * @example
 * ```ts
 * const result = peerConfigSchema.safeParse(request.body)
 * if (!result.success) console.log(result.error.issues[0]?.message)
 * ```
 */
export const peerConfigSchema = z
  .strictObject(
    {
      publicKey: publicKeySchema,
      remove: flag(),
      updateOnly: flag(),
      presharedKey: secretKeySchema.nullable().optional(),
      endpoint: endpointSchema.optional(),
      persistentKeepalive: integer(PEER_FIELDS.persistentKeepalive.max).optional(),
      allowedIPs: listOf(allowedIPSchema, MOST_ALLOWED_IPS).optional(),
      replaceAllowedIPs: flag(),
      removeAllowedIPs: listOf(allowedIPSchema, MOST_ALLOWED_IPS).optional(),
    },
    { error: notAnObject },
  )
  .superRefine(({ allowedIPs, removeAllowedIPs }, context) => {
    if (allowedIPs === undefined || removeAllowedIPs === undefined) return
    const added = new Set(allowedIPs)
    for (const [i, allowedIP] of removeAllowedIPs.entries()) {
      if (!added.has(allowedIP)) continue
      const message = `allowed ip ${JSON.stringify(allowedIP)}: also in allowedIPs of the same peer`
      context.addIssue({ code: 'custom', message, path: ['removeAllowedIPs', i] })
    }
  }) satisfies z.ZodType<PeerConfig, PeerConfig>

/**
 * The schema of a `DeviceConfig`.
 *
 * @example
 * ```ts
 * await client.configureDevice('wg0', deviceConfigSchema.parse(request.body))
 * ```
 */
export const deviceConfigSchema = z
  .strictObject(
    {
      privateKey: secretKeySchema.nullable().optional(),
      listenPort: integer(DEVICE_FIELDS.listenPort.max).optional(),
      firewallMark: integer(DEVICE_FIELDS.firewallMark.max).optional(),
      replacePeers: flag(),
      peers: listOf(peerConfigSchema, MOST_PEERS).optional(),
    },
    { error: notAnObject },
  )
  .superRefine(({ peers = [] }, context) => {
    const seen = new Map<string, number>()
    for (const [i, { publicKey }] of peers.entries()) {
      const first = seen.get(publicKey)
      if (first === undefined) seen.set(publicKey, i)
      else {
        const message = `same public key as peers[${first}]; merge the two, or configure twice`
        context.addIssue({ code: 'custom', message, path: ['peers', i, 'publicKey'] })
      }
    }
  }) satisfies z.ZodType<DeviceConfig, DeviceConfig> & z.ZodType<CheckedDeviceConfig>

/**
 * The schema of the JSON form of a peer. Returns it as it is, without properties that this version
 * does not know.
 *
 * @example
 * ```ts
 * const { endpoint } = peerJSONSchema.parse(JSON.parse(text).peers[0])
 * ```
 */
export const peerJSONSchema = z.object({
  publicKey: publicKeySchema,
  presharedKey: secretText().nullable(),
  endpoint: textOf(parseEndpoint).nullable(),
  persistentKeepalive: integer(PEER_FIELDS.persistentKeepalive.max),
  lastHandshake: textOf(parseTime).nullable(),
  receiveBytes: count(),
  transmitBytes: count(),
  allowedIPs: listOf(textOf(canonicalAllowedIP), MOST_ALLOWED_IPS),
  protocolVersion: count(),
}) satisfies z.ZodType<PeerJSON, PeerJSON>

/**
 * The schema of the JSON form of a device, which `deviceToJSON` and `wireguard show --json` write:
 * for the answers of an API, for example. `deviceFromJSON` makes a `Device` of what it returns.
 *
 * @example
 * ```ts
 * const device = deviceFromJSON(deviceJSONSchema.parse(await response.json()))
 * ```
 */
export const deviceJSONSchema = z.object({
  version: z.literal(1, 'expected version 1 of this JSON form'),
  name: textOf(checkInterfaceName),
  backend: z.enum(['kernel', 'userspace'], 'expected kernel or userspace'),
  index: integer(0x7fff_ffff).nullable(),
  privateKey: secretText().nullable(),
  publicKey: publicKeySchema.nullable(),
  listenPort: integer(DEVICE_FIELDS.listenPort.max),
  firewallMark: integer(DEVICE_FIELDS.firewallMark.max),
  peers: listOf(peerJSONSchema, MOST_PEERS),
}) satisfies z.ZodType<DeviceJSON, DeviceJSON>

/**
 * Returns the schema of a list, which freezes it. A refusal must not cost more than the list: its
 * length is checked before its elements, and {@link MOST_ISSUES} faults end the report.
 */
function listOf<Item extends z.ZodType>(item: Item, most: number) {
  return z
    .custom<readonly z.input<Item>[]>((value) => Array.isArray(value), 'expected an array')
    .transform((value, context): readonly z.output<Item>[] => {
      const { issues } = context
      const given = attempt((list: unknown) => readList(list, most))(value, context)
      const list: z.output<Item>[] = []
      for (let i = 0; i < given.length && issues.length < MOST_ISSUES; i++) {
        const { success, data, error } = item.safeParse(given.at(i))
        if (success) list.push(data)
        else for (const issue of error.issues) issues.push(within(i, issue))
      }
      return Object.freeze(list)
    })
}

const MOST_ISSUES = 20

/** The schema of a text that a parser accepts. Returns the text. */
function textOf(parse: (text: string) => unknown) {
  return z.string('expected a string').transform(
    attempt((text) => {
      parse(text)
      return text
    }),
  )
}

function secretText() {
  return textOf((text) => (text === HIDDEN ? undefined : parseSecret(text)))
}

function count() {
  const message = 'expected an integer from 0'
  return z.number(message).refine((value) => Number.isInteger(value) && value >= 0, message)
}

/** An issue of an element as one of its list. */
function within(index: number, { path, ...issue }: z.core.$ZodIssue): z.core.$ZodRawIssue {
  return { ...issue, input: undefined, continue: false, path: [index, ...path] }
}

function notAnObject({ code }: { code?: string }): string | undefined {
  return code === 'invalid_type' ? 'expected an object' : undefined
}

function flag() {
  return z.boolean('expected true or false').optional()
}

function integer(max: number) {
  const message = `expected an integer from 0 to ${max}`
  return z.number(message).int(message).min(0, message).max(max, message)
}

/** Turns a function that throws into a zod transform that reports an issue. */
function attempt<In, Out>(parse: (value: In) => Out) {
  return (value: In, context: z.core.$RefinementCtx<In>): Out => {
    try {
      return parse(value)
    } catch (error) {
      if (!isWireGuardError(error)) throw error
      context.issues.push({
        code: 'custom',
        message: error.message,
        input: undefined,
        continue: false,
      })
      return z.NEVER
    }
  }
}
