import { describe, expect, it } from '@jest/globals'
import { type Device, SecretKey } from 'wireguardcfg'
import { markChecked } from 'wireguardcfg/backend'
import { loadExchange, loadText } from '../../../../test-fixtures/load.js'
import { readErrorMessage } from '../../src/netlink/extended-ack.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import { MessageReader } from '../../src/netlink/message.js'
import { attributeName } from '../../src/wireguard/set/attribute-name.js'
import { NetlinkClient } from '../../src/wireguard/client.js'
import { decodeDevice } from '../../src/wireguard/dump/decode.js'
import { DumpMerger } from '../../src/wireguard/dump/merge.js'
import { encodeGetDevice } from '../../src/wireguard/dump/read.js'
import { splitDeviceConfig } from '../../src/wireguard/set/messages.js'
import type { FakeRequest } from '../../../../test-fixtures/fakes/kernel.js'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { formatDump } from '../../../../test-fixtures/wg-dump.js'

const DEVICES = [
  'empty',
  'one-peer',
  'zone',
  'no-private-key',
  'many-peers',
  'long-peer',
  'handshake',
]
const KERNELS = ['6.1', '6.12']
const CAPTURES = KERNELS.flatMap((kernel) => DEVICES.map((name) => [kernel, name] as const))

// The interface of the captured zone.
const zones = {
  index: (name: string) => (name === 'dummy0' ? 2 : 0),
  name: (index: number) => (index === 2 ? 'dummy0' : undefined),
}

describe.each(CAPTURES)('a device read from Linux %s: %s', (kernel, name) => {
  const { sent, received } = loadExchange(`netlink/${kernel}/device-${name}.hex`)
  const device = decodeDatagrams(received)

  it('equals the output of wg', () => {
    expect(formatDump(device)).toBe(loadText(`netlink/${kernel}/device-${name}.txt`))
  })

  it('is requested with the bytes that wg sends', () => {
    expect(encodeGetDevice(device.name)).toEqual(sent[0]!.subarray(16))
  })

  it('never reads past the end of a message that is cut', () => {
    for (const datagram of received) {
      for (let length = 17; length < datagram.length; length++) {
        // On a buffer of exactly this length, so that an over-read cannot hide in what follows.
        const cut = datagram.slice(0, length)
        new DataView(cut.buffer).setUint32(0, length, true)
        try {
          decodeDatagrams([cut])
        } catch (error) {
          // A cut between two attributes is a shorter device.
          // oxlint-disable-next-line jest/no-conditional-expect
          expect(error).toBeInstanceOf(MalformedMessageError)
        }
      }
    }
  })
})

describe.each(KERNELS)('a conversation with Linux %s that is cut', (kernel) => {
  it.each(['empty', 'one-peer', 'no-private-key'])(
    'ends the read of the device %s with a clear error at every length',
    async (name) => {
      const { received } = loadExchange(`netlink/${kernel}/device-${name}.hex`)
      const datagram = received[0]!
      const boundaries = messageBoundaries(datagram)
      for (let length = 1; length < datagram.length; length++) {
        // Between two messages, what is missing may still come.
        const waits = boundaries.includes(length)
        const error = await readCut(datagram, length, waits ? 20 : 0)
        expect([length, error.code]).toEqual([length, waits ? 'ETIMEDOUT' : 'EPROTO'])
      }
    },
    30_000,
  )

  it('is read completely when it is not cut', async () => {
    const { received } = loadExchange(`netlink/${kernel}/device-one-peer.hex`)
    await using client = new NetlinkClient(replaying(received).kernel)
    const device = await client.device('wg0')
    expect(formatDump(device)).toBe(loadText(`netlink/${kernel}/device-one-peer.txt`))
  })
})

describe.each(KERNELS)('a configuration as wg sends it to Linux %s', (kernel) => {
  const privateKey = SecretKey.parse('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHl8=')

  it.each([
    [
      'set-one-peer',
      'wg0',
      markChecked({
        privateKey,
        listenPort: 51820,
        firewallMark: 0x1234,
        peers: [
          {
            publicKey: 'ERERERERERERERERERERERERERERERERERERERERERE=',
            endpoint: { host: '192.0.2.1', port: 51820 },
            persistentKeepalive: 25,
            replaceAllowedIPs: true,
            allowedIPs: ['10.0.0.2/32', 'fd00::2/128'],
          },
        ],
      }),
    ],
    [
      'set-zone',
      'wg1',
      markChecked({
        privateKey,
        peers: [
          {
            publicKey: 'MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=',
            presharedKey: SecretKey.parse(new Uint8Array(32).fill(0x22)),
            endpoint: { host: 'fe80::1%dummy0', port: 51821 },
            replaceAllowedIPs: true,
            allowedIPs: ['0.0.0.0/0', '::/0'],
          },
        ],
      }),
    ],
  ])('is encoded to the same bytes: %s', (name, device, config) => {
    const { sent } = loadExchange(`netlink/${kernel}/${name}.hex`)
    const messages: Uint8Array[] = []
    for (const { payload } of splitDeviceConfig(device, config, { zones })) {
      messages.push(payload.slice())
    }
    expect(messages).toEqual([sent[0]!.subarray(16)])
  })
})

describe.each(KERNELS)('an error of Linux %s', (kernel) => {
  it.each([
    ['error-absent', 'ENODEV', undefined],
    ['error-not-wireguard', 'EOPNOTSUPP', undefined],
    ['error-listen-port-4-bytes-plain', 'EINVAL', undefined],
    [
      'error-listen-port-4-bytes-extack',
      'EINVAL',
      'WGDEVICE_A_LISTEN_PORT: invalid attribute length',
    ],
    ['error-allowed-ip-flags-plain', 'EINVAL', undefined],
    ['error-allowed-ip-flags-extack', 'EINVAL', undefined],
    ['error-nest-missing-plain', 'EINVAL', undefined],
    ['error-two-selectors', 'EBADR', undefined],
  ])('is understood: %s', async (name, code, detail) => {
    const { sent, received } = loadExchange(`netlink/${kernel}/${name}.hex`)
    const system = replaying(received)
    await using client = new NetlinkClient(system.kernel)
    const call =
      sent[0]![16] === 0
        ? client.device('wg0')
        : client.configureDevice('wg0', { listenPort: 51820 })
    await expect(call).rejects.toMatchObject({ code, detail })
  })
})

describe.each(KERNELS)('an answer of Linux %s to a SET', (kernel) => {
  it.each([
    ['error-listen-port-4-bytes-extack', 'WGDEVICE_A_LISTEN_PORT', 'invalid attribute length'],
    ['error-nest-missing-extack', 'WGDEVICE_A_PEERS', 'NLA_F_NESTED is missing'],
  ])('names the attribute that is at fault: %s', (name, attribute, words) => {
    const { sent, received } = loadExchange(`netlink/${kernel}/${name}.hex`)
    const message = new MessageReader(received[0]!)
    message.next()
    const { errno, extendedAck } = readErrorMessage(message)
    expect([errno, extendedAck?.message]).toEqual([22, words])
    expect(attributeName(sent[0]!.subarray(16), extendedAck!.offset!)).toBe(attribute)
  })

  it('is understood when it is an acknowledgement', async () => {
    const { received } = loadExchange(`netlink/${kernel}/set-ack.hex`)
    await using client = new NetlinkClient(replaying(received).kernel)
    await expect(client.configureDevice('wg0', {})).resolves.toBeUndefined()
  })
})

/** A system that answers every request to the family by these datagrams. */
function replaying(datagrams: readonly Uint8Array[]): FakeSystem {
  const system: FakeSystem = new FakeSystem({
    answer: (request, usual) =>
      request.type === system.family
        ? datagrams.map((bytes) => readdress(bytes, request))
        : usual(),
  })
  system.add('wg0')
  return system
}

async function readCut(
  datagram: Uint8Array,
  length: number,
  idleTimeout: number,
): Promise<{ code: string }> {
  const whole = replaying([datagram.slice(0, length)])
  await using client = new NetlinkClient(whole.kernel)
  return await client.device('wg0', { idleTimeout }).then(
    () => ({ code: 'none' }),
    (error: { code: string }) => error,
  )
}

/**
 * A captured datagram as the answer to another request: family, sequence number and port id of
 * that.
 */
function readdress(datagram: Uint8Array, { type, sequence, portId }: FakeRequest): Uint8Array {
  const bytes = datagram.slice()
  const view = new DataView(bytes.buffer)
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = view.getUint32(at, true)
    if (view.getUint16(at + 4, true) >= 16) view.setUint16(at + 4, type, true)
    view.setUint32(at + 8, sequence, true)
    view.setUint32(at + 12, portId, true)
    at += (length + 3) & ~3
  }
  return bytes
}

function messageBoundaries(datagram: Uint8Array): number[] {
  const boundaries: number[] = []
  for (const message = new MessageReader(datagram); message.next();) {
    boundaries.push((message.end + 3) & ~3)
  }
  return boundaries
}

function decodeDatagrams(datagrams: readonly Uint8Array[]): Device {
  const merger = new DumpMerger()
  const peers = []
  for (const datagram of datagrams) {
    for (const message = new MessageReader(datagram); message.next();) {
      if (message.type >= 16) peers.push(...merger.add(decodeDevice(message, zones)))
    }
  }
  peers.push(...merger.end())
  return merger.device(peers)
}
