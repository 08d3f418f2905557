import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { runs } from '../../../../test-fixtures/runs.js'
import { checkDeviceConfig, markChecked } from '../../src/backend/check.js'
import { SecretKey } from '../../src/model/key.js'
import { deviceConfigSchema } from '../../src/schema.js'

const SECRETS = [1, 2].map((byte) => SecretKey.parse(new Uint8Array(32).fill(byte)))
const KEYS = Array.from({ length: 9 }, (_, i) => Buffer.alloc(32, i + (i << 4)).toString('base64'))
const [KEY] = KEYS as [string]

/** What no field takes, or some other field does. */
const JUNK: readonly unknown[] = [
  [undefined, null, true, false, 1n, Symbol('s'), () => {}],
  [Number.NaN, -0, 0, 1, 1.5, -1, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 60, Infinity],
  ['', 'x\n', '0', '(hidden)', '10.0.0.0/33', '::/0', '192.0.2.1:7', 'vpn.example.org:7'],
  [KEY, KEY.slice(1), `${KEY}\n`, `${KEY.slice(0, 42)}B=`, 'é'.repeat(44), 'ab'.repeat(32)],
  [SECRETS[0], Object.create(SecretKey.prototype), new Uint8Array(32).fill(1)],
  [[], {}, [null], ['::/0'], new Map(), new Set(['::/0']), new Date(0)],
  [Object(1), Object('::/0'), Object(true)],
  [{ host: '::1' }, { host: '::1', port: '1' }, { host: '::1', port: 1, more: 1 }],
  [
    { host: 5, port: 5 },
    { host: 'fe80::1%', port: 5 },
  ],
].flat()
const junk = fc.constantFrom(...JUNK)

/** Values of a field, and now and then something else. */
function mostly<T>(...values: readonly [fc.Arbitrary<T>, ...fc.Arbitrary<T>[]]) {
  return fc.oneof({ weight: 30, arbitrary: fc.oneof(...values) }, { weight: 1, arbitrary: junk })
}

/**
 * An object with these fields, each there or not, in any order, and as unlike a plain object as an
 * object may be.
 */
function objectWith(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: string[]) {
  const names = Object.keys(fields)
  return fc
    .record({
      values: fc.record(fields, { requiredKeys: required }),
      order: fc.shuffledSubarray(names, { minLength: names.length }),
      shape: fc.constantFrom(...SHAPES),
      undefinedToo: fc.boolean(),
      more: fc.oneof(
        { weight: 40, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.constantFrom('allowedIps', '__proto__', '', '0', 'toString') },
      ),
    })
    .map(({ values, order, shape, undefinedToo, more }) => {
      const given: [string, unknown][] = []
      for (const name of order) {
        if (name in values) given.push([name, values[name]])
        else if (undefinedToo && !required.includes(name)) given.push([name, undefined])
      }
      if (more !== undefined) given.push([more, undefined])
      return shape(given)
    })
}

type Fields = readonly (readonly [string, unknown])[]

class MyList extends Array<unknown> {}
class Mine {
  get listenPort(): number {
    return 7
  }
}

const SHAPES: readonly ((fields: Fields) => object)[] = [
  (fields) => define({}, fields),
  (fields) => define({}, fields),
  (fields) => define({}, fields),
  (fields) => Object.freeze(define({}, fields)),
  (fields) => define(Object.create(null) as object, fields),
  (fields) => define({ [Symbol('s')]: 1 }, fields),
  // What is inherited counts as well, whether or not it is enumerable.
  (fields) => define(Object.create(define({}, fields)) as object, fields.slice(0, 1)),
  (fields) => Object.create(define({}, fields, { enumerable: false })) as object,
  (fields) => define({}, fields, { enumerable: false }),
  (fields) => Object.defineProperties({}, getters(fields)),
  (fields) => define(Object.create(Mine.prototype) as object, fields),
  (fields) => define(() => {}, fields),
  (fields) => define([], fields),
  (fields) => define(new Date(0), fields),
]

function define(object: object, fields: Fields, { enumerable = true } = {}): object {
  for (const [name, value] of fields) {
    Object.defineProperty(object, name, { value, enumerable, writable: true, configurable: true })
  }
  return object
}

function getters(fields: Fields): PropertyDescriptorMap {
  return Object.fromEntries(
    fields.map(([name, value]) => [name, { get: () => value, enumerable: true }]),
  )
}

function list(item: fc.Arbitrary<unknown>, maxLength = 4) {
  return fc
    .record({ items: fc.array(item, { maxLength }), shape: fc.constantFrom(...LISTS) })
    .map(({ items, shape }) => shape(items))
}

const LISTS: readonly ((items: unknown[]) => unknown)[] = [
  (items) => items,
  (items) => items,
  (items) => items,
  (items) => Object.freeze(items),
  (items) => Object.assign(items, { more: 1 }),
  (items) => Object.assign(items, { [Symbol.iterator]: () => [KEY][Symbol.iterator]() }),
  (items) => Object.setPrototypeOf(items, MyList.prototype) as unknown,
  (items) => (items.length === 2 ? Object.assign([], { 1: items[1] }) : items),
  (items) => (items.length === 3 ? new Set(items) : items),
]

const flag = mostly(fc.boolean())
const port = mostly(fc.constantFrom(0, -0, 1, 51_820, 65_535), fc.nat(65_535))
const secret = mostly<unknown>(
  fc.constantFrom(null, ...SECRETS, ...SECRETS.map((key) => key.toBase64())),
)
const host = mostly(
  fc.constantFrom('192.0.2.1', '2001:DB8::1', '2001:db8:0::1', 'fe80::1%eth0', 'FE80::1%7', '::'),
  fc.ipV4(),
  fc.ipV6(),
)
const endpoint = mostly<unknown>(
  fc.constantFrom('192.0.2.1:7', '[2001:DB8::1]:65535', '[fe80::1%eth0]:0', '1.2.3.4:007'),
  objectWith({ host, port }, ['host', 'port']),
)
const allowedIPs = mostly<unknown>(
  list(
    mostly(
      fc.constantFrom('10.0.0.0/8', '10.0.0.1/8', '10.0.0.1', 'FD00::/8', '::ffff:1.2.3.4', '::/0'),
      fc.tuple(fc.ipV4(), fc.nat(32)).map(([address, bits]) => `${address}/${bits}`),
      fc.tuple(fc.ipV6(), fc.nat(128)).map(([address, bits]) => `${address}/${bits}`),
    ),
  ),
)
const peer = objectWith(
  {
    publicKey: mostly(fc.constantFrom(...KEYS)),
    remove: flag,
    updateOnly: flag,
    presharedKey: secret,
    endpoint,
    persistentKeepalive: port,
    allowedIPs,
    replaceAllowedIPs: flag,
    removeAllowedIPs: allowedIPs,
  },
  ['publicKey'],
)
const config = objectWith(
  {
    privateKey: secret,
    listenPort: port,
    firewallMark: mostly(fc.constantFrom(0, 0xffff_ffff)),
    replacePeers: flag,
    peers: mostly<unknown>(list(mostly<unknown>(peer), 3)),
  },
  [],
)

/** Every observable property of a value and of its contents. */
function portrait(value: unknown): unknown {
  if (value instanceof SecretKey) return ['SecretKey', value.toBase64()]
  if (typeof value !== 'object' || value === null) return value
  return {
    prototype: Object.getPrototypeOf(value) as unknown,
    extensible: Object.isExtensible(value),
    properties: Reflect.ownKeys(value).map((name) => {
      const { value: inner, ...rest } = Object.getOwnPropertyDescriptor(value, name)!
      return [name, rest, portrait(inner)]
    }),
  }
}

describe('checkDeviceConfig', () => {
  it('accepts what the schemas accept, and returns the same', async () => {
    let accepted = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(config, async (given) => {
        // What no backend shows to the schemas.
        if (Object.prototype.toString.call(given) !== '[object Object]') return
        const ours = await checkDeviceConfig(given).catch((error: unknown) => {
          expect(error).toMatchObject({ name: 'WireGuardError', code: 'EINVAL' })
        })
        const theirs = deviceConfigSchema.safeParse(given)
        expect(ours !== undefined).toBe(theirs.success)
        if (!theirs.success) {
          refused++
          return
        }
        accepted++
        expect(portrait(ours)).toStrictEqual(portrait(markChecked(theirs.data)))
      }),
      runs(4000),
    )
    expect(Math.min(accepted, refused)).toBeGreaterThan(500)
  })
})
