import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { type PeerConfig, UapiClient } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { runMain } from '../cli/run-main.js'
import { FIELD_NAMES } from '../../src/cli/usage.js'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

const DEVICES = 30
const TIMEOUT = 180_000
/** How often the two are compared again where they print ages. */
const ATTEMPTS = 50

const byWg = (args: readonly string[], env: Record<string, string>) =>
  runCommand(['wg', ...args], { env })

/** Everything that prints an interface, and with which environment. */
const COMMANDS: readonly (readonly [readonly string[], Record<string, string>])[] = [
  ...FIELD_NAMES.map((field) => [['show', 'NAME', field], {}] as const),
  [['show', 'NAME'], {}],
  [['show', 'NAME'], { WG_COLOR_MODE: 'always' }],
  [['show', 'NAME'], { WG_HIDE_KEYS: 'never' }],
  [['show', 'NAME'], { WG_HIDE_KEYS: 'always' }],
  [['showconf', 'NAME'], {}],
]

describeWith(
  [hasWireGuardGo, hasWg],
  'the output of the command for generated devices, compared with wg',
  () => {
    const client = new UapiClient()
    const servers: UapiServer[] = []
    beforeAll(async () => {
      const devices = fc.sample(anyDevice(), { numRuns: DEVICES, seed: 3 })
      for (const [i, { privateKey, hasPort, firewallMark, peers }] of devices.entries()) {
        const name = `wgo${process.pid.toString(36)}x${i}`
        const server = await UapiServer.listen({ name, peerOrder: 'insertion' })
        servers.push(server)
        await client.configureDevice(name, {
          privateKey,
          listenPort: hasPort ? 1000 + i : 0,
          firewallMark,
          peers: peers.map(({ config }) => config),
        })
        for (const { config, ago, ...counters } of peers) {
          const lastHandshake = ago === null ? null : new Date(Date.now() - ago * 1000)
          server.setPeer(config.publicKey, { ...counters, lastHandshake })
        }
      }
    }, TIMEOUT)
    afterAll(async () => {
      await client.close()
      await Promise.all(servers.map((server) => server.close()))
    })

    it.each(COMMANDS)(
      '%j %j',
      async (args, env) => {
        for (const { name } of servers) {
          const argv = args.map((arg) => (arg === 'NAME' ? name : arg))
          let ours: CommandResult
          let theirs: CommandResult
          let attempts = 0
          // The age of a handshake may change between the two.
          do {
            ours = await runMain(argv, { env })
            theirs = await byWg(argv, env)
          } while (!isDeepStrictEqual(ours, theirs) && ++attempts < ATTEMPTS)
          expect(ours).toStrictEqual(theirs)
          expect(ours.code).toBe(0)
        }
      },
      TIMEOUT,
    )
  },
)

function anyDevice() {
  const allowedIP = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 })),
  )
  const allowedIPs = fc
    .uniqueArray(allowedIP, { maxLength: 5 })
    .map((list) => list.map(([address, length]) => `${address}/${length}`))
  const config: fc.Arbitrary<PeerConfig> = fc.record({
    publicKey: fc.integer({ min: 1, max: 1000 }).map(publicKeyOf),
    presharedKey: fc.option(fc.integer({ min: 1, max: 9 }).map(presharedKeyOf)),
    endpoint: fc.constantFrom(
      undefined,
      '192.0.2.1:1',
      '[2001:db8::1]:65535',
      '[::ffff:1.2.3.4]:7',
    ),
    persistentKeepalive: fc.constantFrom(0, 1, 25, 60, 3600, 65_535),
    allowedIPs,
  })
  const bytes = fc.oneof(
    fc.constantFrom(0, 1, 1023, 1024, 1152, 1408, 1664, 1920),
    fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    fc.integer({ min: 0, max: 2 ** 24 }),
  )
  const peer = fc.record({
    config,
    // Far enough apart that no two change places, and in the past: wg and we look at different
    // instants.
    ago: fc.option(fc.constantFrom(2, 61, 3601, 86_401, 90_000, 400 * 86_400)),
    receiveBytes: bytes,
    transmitBytes: bytes,
  })
  return fc.record({
    privateKey: fc.option(fc.integer({ min: 1, max: 9 }).map(privateKeyOf)),
    hasPort: fc.boolean(),
    firewallMark: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff })),
    peers: fc.uniqueArray(peer, {
      selector: ({ config: { publicKey } }) => publicKey,
      maxLength: 6,
    }),
  })
}
