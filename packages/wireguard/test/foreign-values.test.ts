import { expect, it } from '@jest/globals'
import * as wireguard from 'wireguard'
import { type DeviceConfig, isWireGuardError, SecretKey, WireGuard } from 'wireguard'
import {
  addPeer,
  clientConf,
  confFromConfig,
  confFromDevice,
  parseConf,
  peerName,
  saveConf,
} from 'wireguard/conf'
import { caught } from '../../../test-fixtures/caught.js'

const publicKey = SecretKey.generatePrivate().publicKey()

/** A list of a few bytes that takes minutes to go through. */
const endless = () => Object.assign([], { length: 2 ** 32 - 1 })
function* endlessIterator() {
  for (;;) yield '10.0.0.0/8'
}

/** What programs without a type checker pass. */
const VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a number', 5],
  ['a symbol', Symbol('x')],
  ['a text', 'x'],
  ['an object', {}],
  ['a hole', Object.assign([], { length: 1 })],
  ['a list of null', [null]],
  ['a list of lists', [[]]],
  ['a list of 2^32 - 1 holes', endless()],
]

/** Each place that takes a value of the caller. */
const PLACES: Readonly<Record<string, (value: never) => unknown>> = {
  'configuration, for conflicts': (config: DeviceConfig) => wireguard.findConflicts(config),
  'peers, for conflicts': (peers: []) => wireguard.findConflicts({ peers }),
  'allowed IPs, for conflicts': (allowedIPs: []) =>
    wireguard.findConflicts({ peers: [{ publicKey, allowedIPs }] }),
  'endpoint, for conflicts': (endpoint: '') =>
    wireguard.findConflicts({ peers: [{ publicKey, endpoint }] }),
  'configuration of a file': (config: DeviceConfig) => confFromConfig(config),
  'peers of a file': (peers: []) => confFromConfig({ peers }),
  'allowed IPs of a file': (allowedIPs: []) =>
    confFromConfig({ peers: [{ publicKey, allowedIPs }] }),
  'allowed IPs to remove': (removeAllowedIPs: []) =>
    confFromConfig({ peers: [{ publicKey, removeAllowedIPs }] }),
  'endpoint of a file': (endpoint: '') => confFromConfig({ peers: [{ publicKey, endpoint }] }),
  'device to save': (device: never) => saveConf(parseConf(''), device),
  'peers to save': (peers: []) => saveConf(parseConf(''), { ...SAVED, peers }),
  'addresses to save': (addresses: []) => saveConf(parseConf(''), SAVED, { addresses }),
  'device of a file': (device: never) => confFromDevice(device),
  'peers of the device of a file': (peers: []) => confFromDevice({ ...SAVED, peers }),
  'device for JSON': (device: never) => wireguard.deviceToJSON(device),
  'peers for JSON': (peers: []) => wireguard.deviceToJSON({ ...SAVED, peers }),
  'device to configure another': (device: never) => wireguard.toConfig(device),
  'peers to configure others': (peers: []) => wireguard.toConfig({ ...SAVED, peers }),
  'peer to configure another': (peer: never) => wireguard.toPeerConfig(peer),
  'device for counters': (device: never) => new wireguard.TransferCounter().update(device),
  'peers for counters': (peers: []) => new wireguard.TransferCounter().update({ ...SAVED, peers }),
  'peer to check': (peer: never) => wireguard.isConnected(peer),
  'client of a file': (init: never) => clientConf(init),
  'server of a client': (server: never) => clientConf({ ...CLIENT, server }),
  'key of a client': (key: never) => clientConf({ ...CLIENT, privateKey: key }),
  'addresses of a client': (addresses: []) => clientConf({ ...CLIENT, addresses }),
  'allowed IPs of a client': (allowedIPs: []) =>
    clientConf({ ...CLIENT, server: { ...CLIENT.server, allowedIPs } }),
  'name servers of a client': (dns: []) => clientConf({ ...CLIENT, dns, mtu: -1 }),
  'peer to add': (init: { publicKey: string }) => addPeer(parseConf(''), init),
  'key to add': (key: string) => addPeer(parseConf(''), { publicKey: key }),
  'allowed IPs to add': (allowedIPs: []) => addPeer(parseConf(''), { publicKey, allowedIPs }),
  'endpoint to add': (endpoint: '') => addPeer(parseConf(''), { publicKey, endpoint }),
  'styles of names': (styles: []) => peerName(parseConf('[Peer]\n# x y\n').peers[0]!, { styles }),
  'device to find a peer in': (device: never) => wireguard.findPeer(device, publicKey),
  'peers to find one in': (peers: []) => wireguard.findPeer({ peers }, publicKey),
  'peer to set': (peer: never) => withNothing((wg) => wg.setPeer('wg0', peer)),
  'peer to suspend': (key: never) => withNothing((wg) => wg.suspendPeer('wg0', key)),
  'peer to resume': (peer: never) => withNothing((wg) => wg.resumePeer('wg0', peer)),
  'allowed IPs to resume': (allowedIPs: []) =>
    withNothing((wg) => wg.resumePeer('wg0', { publicKey, allowedIPs })),
  'used addresses': (used: []) => wireguard.nextAddress('10.0.0.0/8', used),
  'allowed IPs to subtract from': (all: []) => wireguard.subtractAllowedIPs(all, []),
  'allowed IPs to subtract': (minus: []) => wireguard.subtractAllowedIPs(['10.0.0.0/8'], minus),
  'JSON of a device': (json: never) => wireguard.deviceFromJSON(json),
  'peers in JSON': (peers: []) => wireguard.deviceFromJSON(Object.assign({}, DEVICE, { peers })),
  'saved counters': (saved: never) => new wireguard.TransferCounter(saved),
  'endpoint to check': (endpoint: never) => wireguard.checkEndpoint(endpoint),
  'endpoint to parse': (text: never) => wireguard.parseEndpoint(text),
  'allowed IP to parse': (text: never) => wireguard.canonicalAllowedIP(text),
  'endpoints to resolve': (endpoints: []) => wireguard.resolveEndpoints(endpoints),
  'configuration to resolve': (config: never) => wireguard.resolveConfig(config),
  'peers to resolve': (peers: []) => wireguard.resolveConfig({ peers }),
  backends: async (backends: []) => (await WireGuard.open({ backends })).close(),
  'addresses of an interface': (addresses: []) => createNothing({ addresses }),
  'configuration of an interface': (config: never) => createNothing({ config }),
  'file to apply': (file: never) => withNothing((wg) => wg.applyConf('wg0', file)),
}

const DEVICE = {
  version: 1 as const,
  name: 'wg0',
  backend: 'kernel' as const,
  index: 1,
  privateKey: null,
  publicKey: null,
  listenPort: 0,
  firewallMark: 0,
}

const CLIENT = {
  privateKey: SecretKey.generatePrivate(),
  addresses: ['10.0.0.2'],
  server: { publicKey, endpoint: 'vpn.example.com:1' },
}

/** A device as it is read. */
const SAVED: wireguard.Device = {
  name: 'wg0',
  backend: 'kernel',
  index: 1,
  privateKey: undefined,
  publicKey: undefined,
  listenPort: 0,
  firewallMark: 0,
  peers: [],
}

/** Options that are refused before anything is created. */
function createNothing(options: object): Promise<void> {
  return withNothing((wg) => wg.createDevice('wg0', { mtu: -1, ...options }))
}

async function withNothing(use: (wg: WireGuard) => Promise<unknown>): Promise<void> {
  await using wg = await WireGuard.open({ backends: [] })
  await use(wg)
}

for (const [place, use] of Object.entries(PLACES)) {
  it.each(VALUES)(`${place}: %s is refused at once, or has a meaning`, async (_, value) => {
    const begin = process.cpuUsage()
    const error: unknown = await caught(async () => {
      await use(value as never)
      throw new wireguard.WireGuardError('accepted', { code: 'EINVAL' })
    })
    expect([isWireGuardError(error), error]).toEqual([true, error])
    const { user, system } = process.cpuUsage(begin)
    expect(user + system).toBeLessThan(2_000_000)
  })
}

it('an endless list of networks is refused', () => {
  expect(() => wireguard.subtractAllowedIPs(endlessIterator(), [])).toThrow(/at most \d+ addresses/)
})
