// Whatever reads text, bytes or objects of others takes time in proportion to their size.
import { createHash } from 'node:crypto'
import type { CheckedDeviceConfig, Device } from 'wireguardcfg'
import { checkDeviceConfig } from 'wireguardcfg/backend'
import {
  addPeer,
  checkConf,
  formatConf,
  parseConf,
  peerSettings,
  setPeerName,
  stripConf,
} from 'wireguardcfg/conf'
import { hideKeys, quote } from 'wireguardcfg/internal'
import { mergeConfigs, toDeviceConfigs, wgReport } from 'wireguardcfg/internal/conf'
import { type Kernel, NetlinkClient } from 'wireguardnl'
import { replayed } from '../../../test-fixtures/fakes/replay.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import {
  allowedIPsOf,
  publicKeyOf,
  sampleDevice,
  samplePeers,
} from '../../../test-fixtures/sample.js'
import { formatSet } from '../../wireguardcfg/src/uapi/format.js'
import { ReplyParser } from '../../wireguardcfg/src/uapi/parse.js'
import { diffPeers } from '../src/sync/diff.js'
import { piecesOf } from './targets/uapi-replies.js'

/** Makes an input of a size, and returns what is measured with it. */
export type Grow = (size: number) => (() => unknown) | Promise<() => unknown>

/** Something that must grow no faster than its input. */
export interface Growing {
  readonly name: string
  readonly grow: Grow
}

/** The CPU time for 8 times the size is less than so many times as long. Quadratic would be 64. */
export const MOST_RATIO = 16

/** Milliseconds of CPU time that the smaller size takes at least, to be measured well. */
const LEAST_TIME = 8
const REPETITIONS = 5
/** How often a bad ratio is measured again. */
const DOUBTS = 2

/** Returns how many times as much CPU time 8 times the size takes; each the best of five. */
export async function ratioOf(grow: Grow): Promise<number> {
  let size = 64
  let time = await bestTime(grow, size)
  while (time < LEAST_TIME && size < 2 ** 20) {
    size *= 2
    time = await bestTime(grow, size)
  }
  let ratio = (await bestTime(grow, 8 * size)) / time
  // A small input may do without a run of the garbage collector that a large one needs. Time that
  // is not proportional shows at every size.
  for (let doubt = 0; ratio >= MOST_RATIO && doubt < DOUBTS; doubt++) {
    size *= 4
    ratio = (await bestTime(grow, 8 * size)) / (await bestTime(grow, size))
  }
  return ratio
}

async function bestTime(grow: Grow, size: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  const run = await grow(size)
  for (let i = 0; i < REPETITIONS; i++) {
    const start = process.cpuUsage()
    await run()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

/** Files of the same length: ordinary ones, and those that tempt a parser to look twice. */
const FILES: Readonly<Record<string, (size: number) => string>> = {
  'of many peers': peersFile,
  'of one long list': (size) =>
    `[Peer]\nPublicKey = ${publicKeyOf(1)}\nAllowedIPs = ${allowedIPsOf(1, size).join(', ')}\n`,
  'of many lists': (size) =>
    `[Peer]\nPublicKey = ${publicKeyOf(1)}\n${allowedIPsOf(1, size)
      .map((allowedIP) => `AllowedIPs = ${allowedIP}\n`)
      .join('')}`,
  'of comments': (size) => `[Interface]\n${'# remark\n'.repeat(size)}`,
  'of one comment': (size) => `[Interface]\n# ${'name = x '.repeat(size)}\n`,
  'of number signs': (size) => `[Interface]\n${'#'.repeat(8 * size)}\n`,
  'of spaces': (size) =>
    `[Interface]\nListenPort =${' '.repeat(8 * size)}1${' '.repeat(8 * size)}\n`,
  'of empty lines': (size) => `[Interface]\n${' \n'.repeat(size)}`,
  'of headers': (size) => '[Peer]\n'.repeat(size),
  'of brackets': (size) => '['.repeat(8 * size),
  'of equals signs': (size) => `[Interface]\n${'='.repeat(8 * size)}\n`,
  'of commas': (size) => `[Peer]\nAllowedIPs = ${','.repeat(8 * size)}\n`,
  'of NULs': (size) => `[Interface]\n${'\0'.repeat(8 * size)}\n`,
  'of faults': (size) => `[Interface]\n${'ListenPort = x\nBogus = 1\n'.repeat(size)}`,
  'of addresses': (size) => `[Interface]\nAddress = ${allowedIPsOf(1, size).join(', ')}\n`,
  'of disabled peers': (size) => `[Peer]\n${'#[Peer]\n#PublicKey = x\n'.repeat(size)}\n[Peer]\n`,
  'of a key without end': (size) => `[Interface]\nPrivateKey = ${base64(8 * size)}\n`,
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseConf: (text) => formatConf(parseConf(text)),
  checkConf: (text) => checkConf(text),
  wgReport: (text) => wgReport(text),
  stripConf: (text) => stripConf(text),
}

/** Texts of others in which keys may be. */
const TEXTS: Readonly<Record<string, (size: number) => string>> = {
  base64: (size) => base64(8 * size),
  'hexadecimal digits': (size) => base64(8 * size).replaceAll(/[^0-9a-f]/g, '7'),
  words: (size) => 'anInterfaceName '.repeat(size),
  'keys and words': (size) => `${publicKeyOf(1)} some words, `.repeat(size),
  'percent signs': (size) => '%41%'.repeat(2 * size),
  'gaps in keys': (size) => base64(8 * size).replaceAll(/.{11}/g, '$&!'),
}

function peersFile(size: number): string {
  return samplePeers(size)
    .map(
      ({ publicKey, allowedIPs = [] }, i) =>
        `# Client: client${i}\n[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = ${allowedIPs.join(', ')}\n\n`,
    )
    .join('')
}

/** Text like that of keys, the same in every run. */
function base64(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) {
    text += createHash('sha512').update(String(i)).digest('base64').slice(0, 84)
  }
  return text.slice(0, length)
}

function editOf(edit: (conf: ReturnType<typeof parseConf>, size: number) => void): Grow {
  return (size) => {
    const text = peersFile(size)
    return () => {
      const conf = parseConf(text)
      edit(conf, size)
      return formatConf(conf)
    }
  }
}

function uapiReply(size: number): Uint8Array {
  const peers = samplePeers(size).map(({ publicKey, allowedIPs = [] }) =>
    [
      `public_key=${Buffer.from(publicKey, 'base64').toString('hex')}\n`,
      ...allowedIPs.map((allowedIP) => `allowed_ip=${allowedIP}\n`),
    ].join(''),
  )
  return Buffer.from(`${peers.join('')}errno=0\n\n`)
}

function parseReply(pieces: Iterable<Uint8Array>): Device {
  const parser = new ReplyParser('read device', 'wg0')
  for (const piece of pieces) parser.push(piece)
  return parser.device(0)
}

async function readDevice(kernel: Kernel): Promise<Device> {
  await using client = new NetlinkClient(kernel)
  return await client.device('wg0')
}

/** A kernel device of one peer, whose allowed IPs come in many messages. */
async function longPeer(size: number): Promise<Kernel> {
  const { kernel, ...system } = systemOf()
  await using client = new NetlinkClient(kernel)
  const peers = [{ publicKey: publicKeyOf(1), allowedIPs: allowedIPsOf(1, size) }]
  await client.configureDevice(system.name, { peers })
  return kernel
}

function systemOf(): { readonly kernel: Kernel; readonly name: string } {
  const system = new FakeSystem({ dumpLimit: 600 })
  return { kernel: system.kernel, name: system.add('wg0').name }
}

function deviceOf(size: number): Device {
  return parseReply([uapiReply(size)])
}

async function checkedOf(size: number, changed = 0): Promise<CheckedDeviceConfig> {
  const peers = samplePeers(size).map((peer) => ({ ...peer, persistentKeepalive: changed }))
  return checkDeviceConfig({ peers })
}

/** Whatever reads what others wrote. */
export const GROWING: readonly Growing[] = [
  ...Object.entries(READERS).flatMap(([reader, read]) =>
    Object.entries(FILES).map(([name, file]) => ({
      name: `${reader} of a file ${name}`,
      grow: (size: number) => {
        const text = file(size)
        return () => read(text)
      },
    })),
  ),
  ...Object.entries(TEXTS).flatMap(([name, text]) =>
    Object.entries({ hideKeys, quote }).map(([reader, read]) => ({
      name: `${reader} of ${name}`,
      grow: (size: number) => {
        const made = text(size)
        return () => read(made)
      },
    })),
  ),
  {
    name: 'toDeviceConfigs',
    grow: (size) => {
      const conf = parseConf(peersFile(size))
      return () => toDeviceConfigs(conf, 'setconf')
    },
  },
  {
    name: 'peerSettings of repeated peers',
    grow: (size) => {
      const conf = parseConf(peersFile(size).repeat(2))
      return () => peerSettings(conf)
    },
  },
  {
    name: 'looking up and naming every peer of a file',
    grow: editOf((conf, size) => {
      for (let i = 0; i < size; i++) setPeerName(conf.peer(publicKeyOf(i))!, `name${i}`)
    }),
  },
  {
    name: 'changing every peer of a file',
    grow: editOf((conf, size) => {
      for (let i = 0; i < size; i++) conf.peer(publicKeyOf(i))!.set('PersistentKeepalive', '25')
    }),
  },
  {
    name: 'removing every second peer of a file',
    grow: editOf((conf, size) => {
      for (let i = 0; i < size; i += 2) conf.removePeer(publicKeyOf(i))
    }),
  },
  {
    name: 'adding peers to a file',
    grow: editOf((conf, size) => {
      for (let i = 0; i < size; i++) addPeer(conf, { publicKey: publicKeyOf(size + i), name: 'x' })
    }),
  },
  {
    name: 'setting a key many times',
    grow: editOf((conf, size) => {
      conf.set('Address', allowedIPsOf(1, size))
      conf.set('Address', allowedIPsOf(2, size))
    }),
  },
  {
    name: 'ReplyParser at once',
    grow: (size) => {
      const bytes = uapiReply(size)
      return () => parseReply([bytes])
    },
  },
  {
    name: 'ReplyParser in small pieces',
    grow: (size) => {
      const bytes = uapiReply(size)
      const lengths = Array.from({ length: Math.ceil(bytes.length / 50) }, () => 50)
      return () => parseReply(piecesOf(bytes, lengths))
    },
  },
  {
    name: 'formatSet',
    grow: async (size) => {
      const config = await checkedOf(size)
      return () => [...formatSet(config)]
    },
  },
  {
    name: 'reading a kernel device of many peers',
    grow: (size) => {
      const kernel = replayed(size)
      return () => readDevice(kernel)
    },
  },
  {
    name: 'reading a kernel device with one long peer',
    grow: async (size) => {
      const kernel = await longPeer(size)
      return () => readDevice(kernel)
    },
  },
  {
    name: 'checkDeviceConfig',
    grow: (size) => {
      const peers = samplePeers(size)
      return () => checkDeviceConfig({ peers })
    },
  },
  {
    name: 'checkDeviceConfig of a fault at the end',
    grow: (size) => {
      const peers = samplePeers(size)
      peers.push({ publicKey: 'x' })
      return () => checkDeviceConfig({ peers }).catch(() => {})
    },
  },
  {
    name: 'mergeConfigs',
    grow: async (size) => {
      const configs = [await checkedOf(size), await checkedOf(size, 1)]
      return () => mergeConfigs(configs)
    },
  },
  {
    name: 'diffPeers',
    grow: async (size) => {
      const device = sampleDevice({ peers: deviceOf(size).peers })
      const config = await checkedOf(size)
      return () => diffPeers(device, config, 'write')
    },
  },
]
