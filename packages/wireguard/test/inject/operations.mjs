// The calls into which faults are injected, for tests in this process and for subject.mjs.
import { createHash } from 'node:crypto'

/** @import { Operation } from './operations.d.mts' */

/** @param {number} i */
export function publicKeyOf(i) {
  return createHash('sha256').update(`peer ${i}`).digest('base64')
}

/** @param {number} i @returns {import('wireguardcfg').PeerConfig} */
function peer(i) {
  return {
    publicKey: publicKeyOf(i),
    presharedKey: createHash('sha256').update(`preshared ${i}`).digest('base64'),
    endpoint: `192.0.2.${i & 255}:51820`,
    persistentKeepalive: 25,
    allowedIPs: [`10.0.${i}.0/24`, `fd00:0:0:${i.toString(16)}::/64`],
  }
}

/** The configuration of the device before each operation. */
export const INITIAL = {
  privateKey: createHash('sha256').update('private').digest('base64'),
  firewallMark: 1,
  replacePeers: true,
  peers: [1, 2, 3].map(peer),
}

// More than one message to the kernel, so that one can fail after another was applied.
const MANY = Array.from({ length: 110 }, (_, i) => peer(i + 2))

const RANGES = Array.from({ length: 700 }, (_, i) => `10.${1 + (i >> 8)}.${i & 255}.0/24`)

/** @type {Operation['run']} */
function create(wg, name, options) {
  return wg.createDevice(name, {
    ...options,
    config: { ...INITIAL, replacePeers: undefined },
    addresses: ['10.6.0.1/24'],
    mtu: 1400,
    up: true,
  })
}

/** @type {Record<string, Operation>} */
export const OPERATIONS = {
  deviceNames: { run: (wg, _, options) => wg.deviceNames(options) },
  devices: { run: (wg, _, options) => wg.devices(options) },
  device: { run: (wg, name, options) => wg.device(name, options) },
  peers: {
    run: async (wg, name, options) => {
      let count = 0
      for await (const _ of wg.peers(name, options)) count++
      return count
    },
  },
  configureDevice: {
    run: (wg, name, options) => wg.configureDevice(name, { firewallMark: 2, peers: MANY }, options),
  },
  replaceDevice: {
    run: (wg, name, options) =>
      wg.replaceDevice(
        name,
        { privateKey: INITIAL.privateKey, firewallMark: 3, peers: MANY },
        options,
      ),
  },
  syncDevice: {
    run: (wg, name, options) =>
      wg.syncDevice(name, { firewallMark: 4, peers: [2, 3, 4].map(peer) }, options),
  },
  removePeer: {
    run: (wg, name, options) =>
      wg.configureDevice(name, { peers: [{ publicKey: publicKeyOf(1), remove: true }] }, options),
  },
  removeAllowedIPs: {
    run: (wg, name, options) =>
      wg.configureDevice(
        name,
        { peers: [{ publicKey: publicKeyOf(1), removeAllowedIPs: ['10.0.1.0/24'] }] },
        options,
      ),
  },
  removeManyAllowedIPs: {
    initial: { ...INITIAL, peers: [{ ...peer(1), allowedIPs: RANGES }, peer(2)] },
    run: (wg, name, options) =>
      wg.configureDevice(
        name,
        { peers: [{ publicKey: publicKeyOf(1), removeAllowedIPs: RANGES.slice(0, 600) }] },
        options,
      ),
  },
  setLink: { run: (wg, name, options) => wg.setLink(name, { mtu: 1380, up: true }, options) },
  addAddress: { run: (wg, name, options) => wg.addAddress(name, '10.7.0.1/24', options) },
  removeAddress: {
    run: (wg, name, options) => wg.removeAddress(name, '10.6.0.1/24', options),
  },
  deleteDevice: { run: (wg, name, options) => wg.deleteDevice(name, options) },
  createDevice: { startsWithout: true, run: create },
  deleteOwned: {
    startsWithout: true,
    prepare: (wg, name) => create(wg, name, {}),
    run: (_, __, options, device) => device.delete(options),
  },
}

/**
 * What a device is, as text that two equal devices share; `absent` for none. Peers and allowed IPs
 * have no order.
 *
 * @param {import('wireguardcfg').Device | undefined} device
 * @param {{ readonly up: boolean, readonly mtu: number } | undefined} link
 * @param {readonly string[]} addresses
 */
export function describeState(device, link, addresses) {
  if (device === undefined && link === undefined) return { peers: [], rest: 'absent' }
  const peers = (device?.peers ?? []).map((each) => {
    const { publicKey, presharedKey, endpoint, persistentKeepalive, allowedIPs } = each
    const fields = [
      presharedKey?.toBase64() ?? '-',
      endpoint === undefined ? '-' : `${endpoint.host}:${endpoint.port}`,
      persistentKeepalive,
      ...allowedIPs.toSorted(),
    ]
    return `${publicKey} ${fields.join(' ')}`
  })
  const key = device?.privateKey?.toBase64() ?? '-'
  const ends = link === undefined ? 'no link' : `${link.up ? 'up' : 'down'} ${link.mtu}`
  return {
    peers: peers.toSorted(),
    rest: [key, device?.firewallMark, ends, ...addresses.toSorted()].join(' '),
  }
}
