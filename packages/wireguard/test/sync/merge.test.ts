import { afterAll, beforeAll, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { UapiClient } from 'wireguardcfg'
import { parseConf } from 'wireguardcfg/conf'
import { mergeConfigs, toDeviceConfigs } from 'wireguardcfg/internal/conf'
import { UapiServer } from 'wireguardcfg/server'
import { runs } from '../../../../test-fixtures/runs.js'
import { syncDevice } from '../../src/sync/sync.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { presharedKeyOf, publicKeyOf, sorted } from '../../../../test-fixtures/sample.js'

let directory: TemporaryDirectory
let servers: UapiServer[]
let client: UapiClient

beforeAll(async () => {
  directory = await temporaryDirectory()
  servers = await Promise.all(
    ['one', 'other'].map((name) => UapiServer.listen({ name, directory: directory.path })),
  )
  client = new UapiClient({ directory: directory.path })
})
afterAll(async () => {
  await client.close()
  await Promise.all(servers.map((server) => server.close()))
  await directory[Symbol.asyncDispose]()
})

it('a file that repeats peers results in the same device with setconf and with syncconf', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPeer(), { maxLength: 6 }), anyStart(), async (sections, start) => {
      const conf = parseConf(`[Interface]\n${sections.join('')}`)
      const { configs } = toDeviceConfigs(conf, 'setconf', { dialect: 'wg' })
      for (const config of configs) await client.configureDevice('one', config)
      for (const config of toDeviceConfigs(parseConf(start), 'setconf').configs) {
        await client.configureDevice('other', config)
      }
      await syncDevice(client, 'other', mergeConfigs(configs), { endpoints: 'write' })
      expect(await comparable('other')).toStrictEqual(await comparable('one'))
    }),
    runs(80),
  )
})

async function comparable(name: string) {
  return sorted(await client.device(name)).peers.map(({ presharedKey, ...peer }) => ({
    ...peer,
    presharedKey: presharedKey?.toBase64(),
  }))
}

/** Whole lists only, because the result of `+` and `-` depends on the previous list. */
function anyPeer(): fc.Arbitrary<string> {
  return fc
    .record({
      key: fc.integer({ min: 1, max: 3 }),
      psk: fc.boolean(),
      keepalive: fc.option(fc.integer({ min: 0, max: 9 })),
      allowedIPs: fc.uniqueArray(fc.constantFrom('10.0.0.0/8', '10.1.0.0/16', '::/0'), {
        maxLength: 3,
      }),
    })
    .map(({ key, psk, keepalive, allowedIPs }) =>
      [
        `[Peer]\nPublicKey = ${publicKeyOf(key)}\nEndpoint = 192.0.2.1:1\n`,
        psk ? `PresharedKey = ${presharedKeyOf(key).toBase64()}\n` : '',
        keepalive === null ? '' : `PersistentKeepalive = ${keepalive}\n`,
        allowedIPs.length === 0 ? '' : `AllowedIPs = ${allowedIPs.join(', ')}\n`,
      ].join(''),
    )
}

/** What is there before: peers that stay, that go, and whose lists are others. */
function anyStart(): fc.Arbitrary<string> {
  return fc.subarray([1, 2, 3, 4]).map((keys) => `[Interface]\n${keys.map(startPeer).join('')}`)
}

function startPeer(i: number): string {
  return `[Peer]\nPublicKey = ${publicKeyOf(i)}\nEndpoint = 192.0.2.1:1\nPersistentKeepalive = 7\nAllowedIPs = 10.${i}.0.0/16\n`
}
