import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type DeviceConfig, type TracedUapiRequest, UapiClient } from 'wireguardcfg'
import { confFromDevice, formatConf } from 'wireguardcfg/conf'
import { WireGuard } from '../../src/index.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { formatDump } from '../../../../test-fixtures/wg-dump.js'
import { listenTo } from '../../../../test-fixtures/traced.js'
import { startWireGuardGo, type WireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import {
  ipv4Of,
  ipv6Of,
  privateKeyOf,
  publicKeyOf,
  samplePeers,
} from '../../../../test-fixtures/sample.js'

const TIMEOUT = 60_000
const CLIENT = new URL('../../../wireguardcfg/dist/index.js', import.meta.url).href
// The daemon says nothing while it works.
const PATIENTLY = { idleTimeout: 30_000 }

describeWith([hasWireGuardGo, hasWg], 'UapiClient with a real wireguard-go', () => {
  const client = new UapiClient()
  let daemon: WireGuardGo
  beforeAll(async () => {
    daemon = await startWireGuardGo()
  }, TIMEOUT)
  afterAll(async () => {
    await client.close()
    await daemon.kill('SIGCONT')
    await daemon.stop()
  }, TIMEOUT)
  afterEach(async () => {
    await client.configureDevice(daemon.name, { replacePeers: true, privateKey: null }, PATIENTLY)
  }, TIMEOUT)

  describe('large devices', () => {
    it.each<[string, DeviceConfig]>([
      ['10,000 peers', { peers: samplePeers(10_000) }],
      [
        'a peer of 20,000 allowed IPs',
        {
          peers: samplePeers(1).map((peer) => ({
            ...peer,
            allowedIPs: Array.from({ length: 10_000 }, (_, i) => [ipv4Of(i), ipv6Of(i)]).flat(),
          })),
        },
      ],
    ])(
      'are read as they were written, and as wg prints them: %s',
      async (_, config) => {
        const privateKey = privateKeyOf(1)
        const wanted = { ...config, privateKey, firewallMark: 0x2a }
        await client.configureDevice(daemon.name, wanted, PATIENTLY)
        const device = await client.device(daemon.name, PATIENTLY)
        const { stdout } = await daemon.wg('show', daemon.name, 'dump')
        expect(sortedDump(formatDump(device))).toStrictEqual(sortedDump(stdout))

        const written = new Map(config.peers!.map((peer) => [peer.publicKey, peer]))
        expect(device.peers).toHaveLength(written.size)
        for (const peer of device.peers) {
          const { presharedKey, endpoint, ...rest } = written.get(peer.publicKey)!
          expect(
            peer.presharedKey?.equals(presharedKey) &&
              `${peer.endpoint?.host}:${peer.endpoint?.port}` === endpoint &&
              peer.persistentKeepalive === rest.persistentKeepalive &&
              peer.allowedIPs.toSorted().join() === rest.allowedIPs!.toSorted().join(),
          ).toBe(true)
        }
      },
      TIMEOUT,
    )
  })

  it(
    'gets one message for one changed peer in a file of 10,000',
    async () => {
      await client.configureDevice(daemon.name, { peers: samplePeers(10_000) }, PATIENTLY)
      const text = formatConf(confFromDevice(await client.device(daemon.name, PATIENTLY)))
      const changed = text.replace(
        `PublicKey = ${publicKeyOf(5000)}\n`,
        '$&AllowedIPs = fd99::/64\n',
      )
      await using wg = await WireGuard.open()
      using heard = listenTo<TracedUapiRequest>('request')
      const { updated, unchanged } = await wg.applyConf(daemon.name, changed, PATIENTLY)
      expect([updated, unchanged.length]).toEqual([[publicKeyOf(5000)], 9999])
      const writes = heard.ended.filter(({ request }) => request === 'set')
      expect(writes).toHaveLength(1)
      expect(writes[0]!.sentBytes).toBeLessThan(1000)
    },
    TIMEOUT,
  )

  it(
    'that is stopped gives ETIMEDOUT, and works when it is continued',
    async () => {
      await client.configureDevice(daemon.name, { peers: samplePeers(3000) }, PATIENTLY)
      // The first may be answered before the signal comes; the others cannot be.
      const early = client.device(daemon.name, { idleTimeout: 500 }).then(
        ({ peers }) => peers.length,
        ({ code }) => code as unknown,
      )
      await daemon.kill('SIGSTOP')
      for (const call of [
        client.device(daemon.name, { idleTimeout: 200 }),
        client.configureDevice(daemon.name, { firewallMark: 1 }, { idleTimeout: 200 }),
      ]) {
        await expect(call).rejects.toMatchObject({ code: 'ETIMEDOUT', device: daemon.name })
      }
      await expect(client.deviceNames()).resolves.toContain(daemon.name)
      expect([3000, 'ETIMEDOUT']).toContain(await early)
      await daemon.kill('SIGCONT')
      expect((await client.device(daemon.name)).peers).toHaveLength(3000)
    },
    TIMEOUT,
  )

  it(
    'that is killed is ENODEV, and is found again when it is restarted',
    async () => {
      await client.configureDevice(daemon.name, { firewallMark: 7 })
      const reading = client.device(daemon.name)
      await daemon.kill('SIGKILL')
      const [outcome] = await Promise.allSettled([reading])
      if (outcome.status === 'rejected') {
        expect(['ECONNRESET', 'EPIPE', 'EPROTO', 'ENODEV']).toContain(outcome.reason.code)
      }
      for (const call of [
        client.device(daemon.name),
        client.configureDevice(daemon.name, { firewallMark: 8 }),
      ]) {
        await expect(call).rejects.toMatchObject({ code: 'ENODEV', device: daemon.name })
      }
      await expect(client.deviceNames()).resolves.not.toContain(daemon.name)
      daemon = await startWireGuardGo({ name: daemon.name })
      await expect(client.device(daemon.name)).resolves.toMatchObject({ firewallMark: 0 })
    },
    TIMEOUT,
  )

  // The daemon answers and closes while most of the request is still to be sent: the answer must
  // not be lost.
  it(
    'whose listen port is in use gives EADDRINUSE, however long the request is',
    async () => {
      await daemon.inNamespace('ip', 'link', 'set', 'lo', 'up')
      await daemon.inNamespace('ip', 'link', 'set', daemon.name, 'up')
      const program = `require('node:dgram').createSocket('udp4')
        .bind(51899, '0.0.0.0', () => console.log('up'))`
      const holder = spawn(
        'nsenter',
        ['-t', String(daemon.pid), '-n', '--', process.execPath, '-e', program],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      try {
        await once(holder.stdout, 'data')
        const peers = samplePeers(3000)
        for (const config of [{}, ...Array.from({ length: 10 }, () => ({ peers }))]) {
          await expect(
            client.configureDevice(daemon.name, { listenPort: 51_899, ...config }),
          ).rejects.toMatchObject({ code: 'EADDRINUSE', applied: 'unknown' })
        }
        await client.configureDevice(daemon.name, { listenPort: 0 })
        await expect(client.device(daemon.name)).resolves.toMatchObject({ peers: [] })
      } finally {
        holder.kill('SIGKILL')
      }
    },
    TIMEOUT,
  )

  it(
    'that another program writes to is read consistently each time',
    async () => {
      const [steady, changing] = [publicKeyOf(0), publicKeyOf(1)]
      await client.configureDevice(daemon.name, { peers: samplePeers(200) })
      const writing = { ends: false }
      const writer = (async () => {
        for (let i = 0; i < 15; i++) {
          const args = i % 2 === 0 ? ['remove'] : ['persistent-keepalive', String(i)]
          const { code } = await daemon.wg('set', daemon.name, 'peer', changing, ...args)
          expect(code).toBe(0)
        }
        writing.ends = true
      })()
      let reads = 0
      while (!writing.ends) {
        const keys = (await client.device(daemon.name)).peers.map((peer) => peer.publicKey)
        expect(new Set(keys).size).toBe(keys.length)
        expect([199, 200]).toContain(keys.length)
        expect(keys).toContain(steady)
        reads++
      }
      await writer
      expect(reads).toBeGreaterThan(3)
    },
    TIMEOUT,
  )
})

/** The lines of `wg show NAME dump`, sorted, and so are the allowed IPs of each. */
function sortedDump(text: string): string[] {
  const [device, ...peers] = text.trimEnd().split('\n')
  const sorted = peers.map((line) => {
    const fields = line.split('\t')
    fields[3] = fields[3]!.split(',').toSorted().join()
    return fields.join('\t')
  })
  return [device!, ...sorted.toSorted()]
}

describeWith(
  [hasWireGuardGo, hasWg],
  'a real wireguard-go with a name that wg-quick refuses',
  () => {
    it.each(['wg@2', 'тун0', 'wg"#'])(
      'is listed, read and configured as by wg: %s',
      async (name) => {
        await using daemon = await startWireGuardGo({ name })
        await using wg = await WireGuard.open({ backends: ['userspace'] })
        expect(await wg.deviceNames(PATIENTLY)).toContain(name)
        const publicKey = publicKeyOf(1)
        await wg.configureDevice(name, { peers: [{ publicKey }] }, PATIENTLY)
        const { peers } = await wg.device(name, PATIENTLY)
        expect(peers.map((peer) => peer.publicKey)).toStrictEqual([publicKey])
        expect((await daemon.wg('show', name, 'peers')).stdout).toBe(`${publicKey}\n`)
        await expect(wg.createDevice(name)).rejects.toMatchObject({ code: 'EINVAL' })
      },
      TIMEOUT,
    )
  },
)

describeWith(
  [hasWireGuardGo, hasWg],
  'a zone that no interface has, on a real wireguard-go',
  () => {
    it.each<[string, string, boolean]>([
      ['a name', 'nope', false],
      ['the interface itself', '', true],
      ['a number without an interface', '4242', true],
    ])(
      'is refused before anything is changed: %s',
      async (_, zone, isAccepted) => {
        await using daemon = await startWireGuardGo()
        const { name } = daemon
        const [kept, added] = [publicKeyOf(1), publicKeyOf(2)]
        await daemon.wg('set', name, 'peer', kept)
        const endpoint = `[fe80::1%${zone || name}]:51820`
        const config = { replacePeers: true, peers: [{ publicKey: added, endpoint }] }
        // In the namespace of the daemon, where its interfaces are.
        const script = `
        import { UapiClient } from '${CLIENT}'
        const client = new UapiClient()
        await client.configureDevice('${name}', ${JSON.stringify(config)}).then(
          () => console.log('accepted'),
          ({ code, path, applied }) => console.log(code, path, applied),
        )`
        const node = [process.execPath, '--input-type=module', '-e', script] as const
        const { stdout } = await daemon.inNamespace(...node)
        expect(stdout).toBe(isAccepted ? 'accepted\n' : 'EINVAL peers[0].endpoint undefined\n')
        const { stdout: peers } = await daemon.wg('show', name, 'peers')
        expect(peers).toBe(`${isAccepted ? added : kept}\n`)
      },
      TIMEOUT,
    )
  },
)
