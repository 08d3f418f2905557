import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import {
  describeWith,
  hasNamespaces,
  hasWg,
  hasWireGuardGo,
} from '../../../../test-fixtures/require.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { sorted } from '../../../../test-fixtures/sample.js'
import { startWireGuardGo, type WireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { formatConf, confFromDevice, parseConf, stripConf } from '../../src/conf.js'
import { type ConfMode, toDeviceConfigs } from '../../src/conf/convert.js'
import { wgReport } from '../../src/conf/analyze.js'
import type { Device } from '../../src/model/device.js'
import { UapiClient } from '../../src/uapi/client.js'
import { confText } from './arbitrary.js'
import { CASES, differences, KEY_A, KEY_B, PRIVATE_KEY, PSK } from './wg-cases.js'

const BASE = `[Interface]
PrivateKey = ${PRIVATE_KEY}
ListenPort = 4000
FwMark = 7
[Peer]
PublicKey = ${KEY_A}
PresharedKey = ${PSK}
AllowedIPs = 10.9.0.0/24, 10.9.1.0/24
Endpoint = 192.0.2.9:9
PersistentKeepalive = 9
`

describeWith([hasWg, hasWireGuardGo], 'the same file by wg(8) and by us', () => {
  let theirs: WireGuardGo
  let ours: WireGuardGo
  const client = new UapiClient()

  beforeAll(async () => {
    theirs = await startWireGuardGo()
    ours = await startWireGuardGo()
  })
  afterAll(async () => {
    await client.close()
    await theirs?.stop()
    await ours?.stop()
  })

  const byWg = (mode: string, text: string) =>
    theirs.run(['wg', mode, theirs.name, '/dev/stdin'], {
      input: text,
      env: { WG_ENDPOINT_RESOLUTION_RETRIES: '0' },
    })
  const byUs = async (mode: ConfMode, text: string) => {
    const { configs } = toDeviceConfigs(parseConf(text), mode, { dialect: 'wg' })
    for (const config of configs) await client.configureDevice(ours.name, config)
  }
  const both = async () => [
    comparable(await client.device(theirs.name)),
    comparable(await client.device(ours.name)),
  ]

  describe.each(['setconf', 'addconf'] as const)('%s', (mode) => {
    it.each(CASES)('$name', async ({ text }) => {
      await byWg('setconf', BASE)
      await byUs('setconf', BASE)
      const result = await byWg(mode, text)
      const report = wgReport(text)
      expect({ stderr: report }).toEqual({ stderr: result.stderr })
      if (result.code === 0) await byUs(mode, text)
      else
        expect(() => toDeviceConfigs(parseConf(text), mode, { dialect: 'wg' })).toThrow(
          'read configuration file',
        )
      const [wanted, got] = await both()
      expect(got).toEqual(wanted)
    })
  })

  // What wg(8) takes and we do not, or takes as something else.
  it.each(differences)('refused only by this library: $name', async ({ text, report }) => {
    const result = await byWg('setconf', text)
    expect(result.code).toBe(0)
    expect(wgReport(text)).toBe(`${report}\nConfiguration parsing error\n`)
    expect(() => toDeviceConfigs(parseConf(text), 'setconf')).toThrow('read configuration file')
  })

  it('showconf prints what confFromDevice writes', async () => {
    const other = `[Peer]\nPublicKey = ${KEY_B}\n`
    for (const text of [BASE, '', other, '[Interface]\nListenPort=1\n']) {
      await byWg('setconf', text)
      const { stdout } = await theirs.wg('showconf', theirs.name)
      expect(formatConf(confFromDevice(await client.device(theirs.name)))).toBe(stdout)
    }
  })
})

// wg-quick(8) calls sudo unless it is root, which hasNamespaces asks for.
describeWith([hasWg, hasNamespaces], 'wg-quick strip', () => {
  let temporary: TemporaryDirectory
  let folder: string
  beforeAll(async () => {
    temporary = await temporaryDirectory()
    folder = temporary.path
  })
  afterAll(() => temporary[Symbol.asyncDispose]())

  const strip = async (text: string) => {
    const file = join(folder, 'wg0.conf')
    await writeFile(file, text)
    return runCommand(['wg-quick', 'strip', file])
  }

  it.each([...CASES, ...differences])('$name', async ({ text }) => {
    expect(stripConf(text)).toBe((await strip(text)).stdout)
  })

  it('refuses a SaveConfig that is neither true nor false', async () => {
    const text = '[Interface]\nSaveConfig = maybe\n'
    expect((await strip(text)).code).toBe(1)
    expect(() => stripConf(text)).toThrow('neither true nor false')
  })

  it('prints what stripConf returns for any file', async () => {
    await fc.assert(
      fc.asyncProperty(confText, async (text) => {
        const result = await strip(text)
        if (result.code === 0) expect(stripConf(text)).toBe(result.stdout)
        else expect(() => stripConf(text)).toThrow('read configuration file')
      }),
      runs(150),
    )
  }, 120_000)
})

/**
 * What two devices have in common: not the name, nor a port that was picked at random, nor
 * wireguard-go's order.
 */
function comparable(device: Device): Device {
  return { ...sorted(device), name: '', listenPort: Math.min(device.listenPort, 10_000) }
}
