// Every layer knows every field of model/fields.ts. The codecs of both protocols, the views of
// `show` and the replacement of a device are written by hand: these tests fail when one of them
// lacks a field.
import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Device, formatEndpoint, type Peer, SecretKey, toConfig } from 'wireguardcfg'
import { checkDeviceConfig, type CheckedDeviceConfig } from 'wireguardcfg/backend'
import {
  DEVICE_FIELDS,
  type DeviceField,
  fieldNames,
  PEER_FIELDS,
  type PeerField,
} from 'wireguardcfg/internal'
import { confFromConfig, confFromDevice, formatConf, parseConf } from 'wireguardcfg/conf'
import { toDeviceConfigs } from 'wireguardcfg/internal/conf'
import { deviceConfigSchema } from 'wireguardcfg/schema'
import { formatSet } from '../../wireguardcfg/src/uapi/format.js'
import { encodeMessage, MessageReader } from '../../wireguardnl/src/netlink/message.js'
import * as constants from '../../wireguardnl/src/wireguard/constants.js'
import { decodeDevice } from '../../wireguardnl/src/wireguard/dump/decode.js'
import { attributeName } from '../../wireguardnl/src/wireguard/set/attribute-name.js'
import { splitDeviceConfig } from '../../wireguardnl/src/wireguard/set/messages.js'
import { diffDeviceFields, diffPeers } from '../src/sync/diff.js'
import { replacement } from '../src/sync/replacement.js'
import { commandFixture } from './cli/fixture.js'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  sampleDevice,
  samplePeer,
} from '../../../test-fixtures/sample.js'

/** A value of each field that is not the one that clears it, and its text as `wg set` takes it. */
const DEVICE: { readonly [Name in DeviceField]: readonly [Device[Name], string] } = {
  listenPort: [41_234, '41234'],
  firewallMark: [0x2a, '0x2a'],
  privateKey: [privateKeyOf(1), privateKeyOf(1).toBase64()],
}
const PEER: { readonly [Name in PeerField]: readonly [Peer[Name], string] } = {
  presharedKey: [presharedKeyOf(2), presharedKeyOf(2).toBase64()],
  endpoint: [{ host: '192.0.2.3', port: 4 }, '192.0.2.3:4'],
  persistentKeepalive: [25, '25'],
}
const publicKey = publicKeyOf(3)

/** A configuration that has this field alone. */
function deviceWith(name: DeviceField): CheckedDeviceConfig {
  return { [name]: DEVICE[name][0] }
}
function peerWith(name: PeerField): CheckedDeviceConfig {
  return { peers: [{ publicKey, [name]: PEER[name][0] }] }
}

const UNSET = sampleDevice()
const UNSET_PEER = samplePeer({ publicKey })

/** The value as text that two equal values share. */
function textOf(value: unknown): unknown {
  if (value instanceof SecretKey) return value.toBase64()
  if (typeof value !== 'object' || value === null) return value
  return 'host' in value && 'port' in value
    ? formatEndpoint({ host: String(value.host), port: Number(value.port) })
    : value
}

const FIELDS = [
  ...fieldNames(DEVICE_FIELDS).map((name) => ({
    name,
    row: DEVICE_FIELDS[name],
    config: deviceWith(name),
    value: textOf(DEVICE[name][0]),
    argument: DEVICE[name][1],
    words: [] as string[],
    of: (config: CheckedDeviceConfig | Device): unknown => textOf(config[name]),
    device: { ...UNSET, [name]: DEVICE[name][0] } as Device,
  })),
  ...fieldNames(PEER_FIELDS).map((name) => ({
    name,
    row: PEER_FIELDS[name],
    config: peerWith(name),
    value: textOf(PEER[name][0]),
    argument: PEER[name][1],
    words: ['peer', publicKey],
    of: (config: CheckedDeviceConfig | Device): unknown => textOf(config.peers?.[0]?.[name]),
    device: { ...UNSET, peers: [{ ...UNSET_PEER, [name]: PEER[name][0] }] } as Device,
  })),
]

/** Decodes what is sent to the kernel: requests and dumps have the same attributes. */
function throughNetlink(config: CheckedDeviceConfig) {
  const zones = { index: () => 0, name: () => undefined }
  // A payload is valid until the next one is asked for.
  const payloads: Uint8Array[] = []
  for (const message of splitDeviceConfig('wg0', config, { zones })) {
    payloads.push(message.payload.slice())
  }
  expect(payloads).toHaveLength(1)
  const payload = payloads[0]!
  const bytes = encodeMessage({ type: 23, flags: 0, sequence: 1 }, payload)
  const reader = new MessageReader(bytes)
  reader.next()
  const { attributes, peers } = decodeDevice(reader, zones)
  const names: (string | undefined)[] = []
  for (let at = 16; at < bytes.length; at += 4) names.push(attributeName(payload, at))
  return { device: { ...UNSET, ...attributes, peers }, names }
}

function differences(now: Device, config: CheckedDeviceConfig): CheckedDeviceConfig {
  const { changes: peers } = diffPeers(now, config, 'write')
  return { ...diffDeviceFields(now, config), peers }
}

describe.each(FIELDS)('the field $name', ({ row, config, value, argument, words, of, device }) => {
  const command = commandFixture()

  it('passes the fast check and the schema', async () => {
    expect(of(await checkDeviceConfig({ ...config }))).toEqual(value)
    expect(of(deviceConfigSchema.parse(config))).toEqual(value)
  })

  it('is written to a file and read from it', () => {
    const text = formatConf(confFromConfig({ replacePeers: true, ...config }))
    expect(text).toContain(`${row.confKey} = `)
    expect(of(toDeviceConfigs(parseConf(text), 'addconf').configs[0]!)).toEqual(value)
    expect(formatConf(confFromDevice(device))).toContain(`${row.confKey} = `)
  })

  it('goes through the UAPI protocol', async () => {
    expect([...formatSet(config)].join('')).toContain(`\n${row.uapiKey}=`)
    await command.client.configureDevice('wg0', config)
    expect(of(await command.device())).toEqual(value)
  })

  it('goes through netlink', () => {
    expect(Object.keys(constants)).toContain(row.attribute)
    const { device: decoded, names } = throughNetlink(config)
    expect(of(decoded)).toEqual(value)
    expect(names.some((name) => name?.endsWith(row.attribute))).toBe(true)
  })

  it('counts as a difference unless it is equal', () => {
    const empty = words.length === 0 ? UNSET : { ...UNSET, peers: [UNSET_PEER] }
    expect(of(differences(empty, config))).toEqual(value)
    expect(of(differences(device, config))).toBeUndefined()
  })

  it('is reset by a replacement and kept by a copy', async () => {
    const reset = 'unset' in row ? row.unset : undefined
    const isOfDevice = words.length === 0
    expect(of(await checkDeviceConfig(replacement({})))).toEqual(isOfDevice ? reset : undefined)
    expect(of(await checkDeviceConfig(toConfig(device)))).toEqual(value)
  })

  it('is an argument of `set`, and shown by `show`', async () => {
    const file = join(command.directory, 'key')
    await writeFile(file, `${argument}\n`)
    const given = row.format === 'secret' ? file : argument
    const { code } = await command.run(['set', 'wg0', ...words, row.argument, given])
    expect(code).toBe(0)
    expect(of(await command.device())).toEqual(value)
    for (const view of [['dump'], ['dump', '--json', '--reveal'], ['--reveal']]) {
      const { stdout } = await command.run(['show', 'wg0', ...view])
      const isMark = row.format === 'mark' && view.includes('--json')
      expect(stdout).toContain(isMark ? String(value) : argument)
    }
  })
})
