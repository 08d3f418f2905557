import * as fc from 'fast-check'
import { type DeviceConfig, SecretKey, isWireGuardError } from 'wireguardcfg'
import { checkDeviceConfig } from 'wireguardcfg/backend'
import { deviceConfigSchema } from 'wireguardcfg/schema'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { checkError, SECRET_DIGITS, SECRET_TEXTS, SECRETS } from '../faults.js'
import { must, target } from '../target.js'

/** A description of a value, because JSON holds neither getters nor proxies. */
type Node = {
  readonly type: string
  readonly text: string
  readonly number: number
  /** The elements of a list, or the values of the fields. */
  readonly items: readonly Node[]
  /** The names of the fields. */
  readonly names: readonly string[]
}

const FIELDS = ['privateKey', 'listenPort', 'firewallMark', 'replacePeers', 'peers'] as const
const PEER_FIELDS = [
  'publicKey',
  'remove',
  'updateOnly',
  'presharedKey',
  'endpoint',
  'persistentKeepalive',
  'allowedIPs',
  'replaceAllowedIPs',
  'removeAllowedIPs',
] as const
const KEYS = [1, 2, 3].map(publicKeyOf)

/** What a node of each type describes. */
const TYPES: Readonly<Record<string, (node: Node, items: unknown[]) => unknown>> = {
  text: ({ text }) => text,
  longText: ({ text, number }) => text.repeat(Math.min(1e5, Math.abs(number) || 1)),
  number: ({ number }) => number,
  bigint: ({ number }) => BigInt(Math.trunc(number) || 0),
  true: () => true,
  false: () => false,
  null: () => null,
  undefined: () => undefined,
  nan: () => Number.NaN,
  symbol: () => Symbol('s'),
  function: () => () => {},
  secret: ({ number }) => SECRETS[Math.abs(Math.trunc(number)) % SECRETS.length],
  notSecret: () => Object.create(SecretKey.prototype) as unknown,
  bytes: () => new Uint8Array(32).fill(1),
  date: () => new Date(0),
  list: (_, items) => items,
  frozenList: (_, items) => Object.freeze(items),
  holes: ({ number }, items) => {
    items.length = Math.min(2 ** 32 - 1, Math.max(items.length, Math.trunc(number) || 0))
    return items
  },
  set: (_, items) => new Set(items),
  iterator: (_, items) =>
    Object.assign(items, { [Symbol.iterator]: () => KEYS[Symbol.iterator]() }),
  listProxy: (_, items) => new Proxy(items, {}),
  growing: (_, items) => {
    let length = items.length
    return new Proxy(items, {
      get: (list, name) => (name === 'length' ? ++length : (Reflect.get(list, name) as unknown)),
    })
  },
  object: ({ names }, items) => objectOf(names, items),
  frozen: ({ names }, items) => Object.freeze(objectOf(names, items)),
  bare: ({ names }, items) => Object.assign(Object.create(null) as object, objectOf(names, items)),
  inherited: ({ names }, items) => Object.create(objectOf(names, items)) as unknown,
  proxy: ({ names }, items) => new Proxy(objectOf(names, items), {}),
  getters: ({ names }, items) =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        names.map((name, i) => [
          name,
          { get: () => items[i], enumerable: true, configurable: true },
        ]),
      ),
    ),
  throws: ({ names }) =>
    Object.defineProperties(
      {},
      Object.fromEntries(names.map((name) => [name, { get: fail, enumerable: true }])),
    ),
  throwingProxy: () => new Proxy({}, { get: fail, ownKeys: fail, has: fail }),
  itself: ({ names }) => {
    const made = {}
    for (const name of names) define(made, name, made)
    return made
  },
}

/** Those that the schemas cannot be shown: they take what is offered without a bound. */
const ENDLESS = new Set(['holes', 'growing', 'throws', 'throwingProxy', 'itself'])

class Mine extends RangeError {}

function fail(): never {
  throw new Mine('mine')
}

const TEXTS = [
  ...KEYS,
  ...SECRET_TEXTS,
  ...SECRET_DIGITS,
  '192.0.2.1:5',
  '[fe80::1%eth0]:51820',
  'vpn.example.com:51820',
  '10.0.0.1/32',
  '10.0.0.1',
  'fd00::/64',
  '::ffff:10.0.0.1/128',
  '0.0.0.0/0',
  '',
]

function leaf(type: string, { text = '', number = 0 } = {}): Node {
  return { type, text, number, items: [], names: [] }
}

function fieldsOf(type: string, fields: Readonly<Record<string, Node>>): Node {
  return { type, text: '', number: 0, items: Object.values(fields), names: Object.keys(fields) }
}

const text = fc.constantFrom(...TEXTS).map((value) => leaf('text', { text: value }))
const number = fc
  .oneof(fc.nat(70_000), fc.constantFrom(-1, 0.5, 65_536, 2 ** 32, 2 ** 31))
  .map((value) => leaf('number', { number: value }))
const anything = fc
  .tuple(fc.constantFrom(...Object.keys(TYPES)), fc.nat(100), fc.constantFrom(...TEXTS))
  .map(([type, value, of]) => leaf(type, { number: value, text: of }))
const flag = fc.boolean().map((value) => leaf(String(value)))
const secret = fc.oneof(
  text,
  fc.nat(2).map((value) => leaf('secret', { number: value })),
)
const list = (of: fc.Arbitrary<Node>) =>
  fc
    .tuple(
      fc.array(of, { maxLength: 4 }),
      fc.constantFrom('list', 'list', 'frozenList', 'listProxy'),
    )
    .map(([items, type]): Node => ({ ...leaf(type), items }))
const mostly = (of: fc.Arbitrary<Node>) =>
  fc.oneof({ weight: 20, arbitrary: of }, { weight: 1, arbitrary: anything })
const objectType = fc.constantFrom(
  'object',
  'object',
  'frozen',
  'bare',
  'inherited',
  'proxy',
  'getters',
)

const peer = fc
  .tuple(
    objectType,
    fc.record(
      {
        publicKey: mostly(fc.constantFrom(...KEYS).map((key) => leaf('text', { text: key }))),
        remove: mostly(flag),
        updateOnly: mostly(flag),
        presharedKey: mostly(secret),
        endpoint: mostly(text),
        persistentKeepalive: mostly(number),
        allowedIPs: mostly(list(mostly(text))),
        replaceAllowedIPs: mostly(flag),
        removeAllowedIPs: mostly(list(mostly(text))),
      },
      { requiredKeys: ['publicKey'] },
    ),
  )
  .map(([type, fields]) => fieldsOf(type, fields as Readonly<Record<string, Node>>))

export const config = target<Node>({
  name: 'config',
  what: 'configurations to the check and the schemas, which say the same; hostile objects',
  fresh: fc
    .tuple(
      objectType,
      fc.record(
        {
          privateKey: mostly(secret),
          listenPort: mostly(number),
          firewallMark: mostly(number),
          replacePeers: mostly(flag),
          peers: mostly(list(mostly(peer))),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([type, fields]) => fieldsOf(type, fields as Readonly<Record<string, Node>>)),
  seeds: () => [
    fieldsOf('object', {
      privateKey: leaf('secret'),
      peers: {
        ...leaf('list'),
        items: [fieldsOf('object', { publicKey: leaf('text', { text: KEYS[0]! }) })],
      },
    }),
    ...Object.keys(TYPES).map((type) =>
      fieldsOf('object', { peers: leaf(type, { number: 2 ** 31 }) }),
    ),
  ],
  words: [...Object.keys(TYPES), ...FIELDS, ...PEER_FIELDS, 'host', 'port', 'allowedIps', ...TEXTS],
  open: () => ({ run: check }),
})

async function check(node: Node): Promise<void> {
  const given = build(node)
  // What no backend shows to the schemas.
  if (isEndless(node) || Object.prototype.toString.call(given) !== '[object Object]') {
    await refusal(given)
    return
  }
  const parsed = deviceConfigSchema.safeParse(build(node))
  const error = await refusal(given)
  must(
    (error === undefined) === parsed.success,
    () => `the schemas and the check differ: ${String(error)}`,
  )
  if (error === undefined || !isWireGuardError(error) || parsed.success) return
  const paths = parsed.error.issues.flatMap((issue) => {
    const { path } = issue
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
    return [path, ...keys.map((key) => [...path, key])].map(lengthOf)
  })
  must(
    paths.includes(depthOf(error.path)),
    () => `the path ${error.path} is none of the schemas': ${JSON.stringify(parsed.error.issues)}`,
  )
}

/** Returns the error of the check; `undefined` if it accepts the value. */
async function refusal(given: unknown): Promise<unknown> {
  try {
    await checkDeviceConfig(given as DeviceConfig)
    return undefined
  } catch (error) {
    if (error instanceof Mine) return error
    const { code } = checkError(error)
    must(code === 'EINVAL', `the code ${code}`)
    return error
  }
}

/** How many names and indexes a path has. */
function lengthOf(path: readonly unknown[]): number {
  return path.length
}

function depthOf(path: string | undefined): number {
  // A name that is no plain word is quoted, and may hold anything.
  const plain = path?.replaceAll(/\["(?:[^"\\]|\\.)*"\]/g, '[]')
  return plain === undefined ? 0 : plain.split(/\.|(?=\[)/).length
}

function isEndless(node: Node): boolean {
  return ENDLESS.has(node.type) || node.items.some((item) => isEndless(item))
}

function build(node: Node, depth = 0): unknown {
  const items = depth > 6 ? [] : node.items.map((item) => build(item, depth + 1))
  return (TYPES[node.type] ?? TYPES['text']!)(node, items)
}

function objectOf(names: readonly string[], values: readonly unknown[]): object {
  const made = {}
  for (const [i, name] of names.entries()) define(made, name, values[i])
  return made
}

function define(made: object, name: string, value: unknown): void {
  Object.defineProperty(made, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}
