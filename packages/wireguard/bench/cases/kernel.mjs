// The cases that need WireGuard in the kernel. They run in a network namespace if the kernel has
// it, else in a virtual machine; see kernel-run.mjs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { WireGuard } from 'wireguard'
import { NetlinkClient } from 'wireguardnl'
import { addInterface, addOthers } from '../interfaces.mjs'
import { sideBySide } from '../measure.mjs'
import { needsWg } from '../needs.mjs'
import { command } from '../process.mjs'
import { receiveDump } from '../receive-dump.mjs'
import { formatConf, PEERS, sampleConfig } from '../sample.mjs'

const FRESH = fileURLToPath(new URL('../subjects/read-once.mjs', import.meta.url))

/**
 * The number of reads of 10,000 peers after which V8 has compiled all it compiles. An emulated
 * machine needs many.
 */
const WARM_UP = 30

/** @type {readonly import('../case.d.ts').Case[]} */
export const kernel = [
  {
    name: 'kernel-read-small',
    title: 'reading a device of 3 peers, warm, against `wg show NAME dump`',
    aim: { by: 'ratio', atMost: 1 / 20, stretch: 1 / 50 },
    needs: [needsWg],
    inKernel: true,
    run: async () => {
      const name = addInterface()
      const wg = await WireGuard.open()
      await wg.configureDevice(name, sampleConfig(3))
      for (let i = 0; i < 1000; i++) await wg.device(name)
      // Warm also means that this process was the last to run, so each timed read follows another
      // read.
      const samples = await sideBySide(
        () => wg.device(name),
        () => command('wg', 'show', name, 'dump'),
        { rounds: 40, prepare: () => wg.device(name) },
      )
      await wg.close()
      return { unit: 'ms', ...samples }
    },
  },
  {
    name: 'kernel-read',
    title: 'reading a device of 10,000 peers, warm, against `wg show NAME dump`',
    aim: { by: 'ratio', atMost: 0.5, stretch: 0.3 },
    needs: [needsWg],
    inKernel: true,
    run: async (fixtures) => {
      const name = await fixtures.largeKernelDevice()
      const wg = await WireGuard.open()
      const samples = await sideBySide(
        () => readAll(wg, name),
        () => command('wg', 'show', name, 'dump'),
        { rounds: 15, warmUp: WARM_UP },
      )
      await wg.close()
      return { unit: 'ms', ...samples }
    },
  },
  {
    name: 'kernel-read-raw',
    title: 'the same, against receiving the same dump with the same buffer without decoding it',
    aim: { by: 'ratio', atMost: 3, stretch: 1.7 },
    needs: [],
    inKernel: true,
    run: async (fixtures) => {
      const name = await fixtures.largeKernelDevice()
      const wg = await WireGuard.open()
      const dump = await receiveDump(name)
      const samples = await sideBySide(
        () => readAll(wg, name),
        () => dump.receive(),
        {
          rounds: 25,
          warmUp: WARM_UP,
        },
      )
      await wg.close()
      await dump.close()
      return { unit: 'ms', ...samples }
    },
  },
  {
    name: 'kernel-read-again',
    title:
      'one poll of an unchanged kernel device of 10,000 peers, as watch reads it, against receiving the same dump without decoding it',
    aim: { by: 'ratio', atMost: 1.3 },
    needs: [],
    inKernel: true,
    run: (fixtures) => poll(fixtures),
  },
  {
    name: 'kernel-read-changed',
    title: 'the same, after a change of 5 % of the peers',
    aim: { by: 'ratio', atMost: 1.5 },
    needs: [],
    inKernel: true,
    run: async (fixtures) => {
      const name = await fixtures.largeKernelDevice()
      const client = new NetlinkClient()
      const { peers } = await client.device(name)
      const some = peers.filter((_, i) => i % 20 === 0).map(({ publicKey }) => publicKey)
      // Counters change only with traffic. A keepalive has the same place whatever its value.
      const change = (persistentKeepalive) => {
        const list = some.map((publicKey) => ({ publicKey, persistentKeepalive }))
        return client.configureDevice(name, { peers: list })
      }
      let changes = 0
      const samples = await poll(fixtures, () => change(1 + (changes++ % 100)))
      await change(0)
      await client.close()
      return samples
    },
  },
  {
    name: 'kernel-read-fresh',
    title:
      'a fresh process that imports the library and reads a device of 10,000 peers, against `wg show NAME dump` and `node -e 0`',
    aim: { by: 'ratio', atMost: 1.5, stretch: 1.2 },
    needs: [needsWg],
    inKernel: true,
    run: async (fixtures) => {
      const name = await fixtures.largeKernelDevice()
      const samples = await sideBySide(
        () => command(process.execPath, FRESH, name),
        async () => {
          await command('wg', 'show', name, 'dump')
          await command(process.execPath, '-e', '0')
        },
        { rounds: 7, warmUp: 1 },
      )
      return { unit: 'ms', ...samples }
    },
  },
  {
    name: 'kernel-wait',
    title: 'longest wait for a read of a device of 3 peers while 10,000 new peers are configured',
    aim: { by: 'value', atMost: 150, stretch: 60 },
    needs: [],
    inKernel: true,
    run: async () => {
      const small = addInterface()
      const wg = await WireGuard.open()
      await wg.configureDevice(small, sampleConfig(3))
      const config = sampleConfig(PEERS)
      const ours = []
      let waits = []
      for (let i = 0; i < 2; i++) {
        waits = []
        const state = { configured: false }
        const configuring = wg.configureDevice(addInterface(), config).finally(() => {
          state.configured = true
        })
        while (!state.configured) {
          const start = performance.now()
          await wg.device(small)
          waits.push(performance.now() - start)
          await sleep(5)
        }
        await configuring
        ours.push(Math.max(...waits))
      }
      await wg.close()
      const sorted = waits.toSorted((a, b) => a - b)
      const note = `of ${waits.length} reads of the last run, half waited less than ${sorted[waits.length >> 1].toFixed(1)} ms`
      return { unit: 'ms', ours, note }
    },
  },
  {
    name: 'kernel-configure',
    title: 'configuring 10,000 new peers, warm, against `wg setconf` of the same file',
    aim: { by: 'ratio', atMost: 1.15, stretch: 1 },
    needs: [needsWg],
    inKernel: true,
    run: async () => {
      const config = sampleConfig(PEERS)
      const folder = mkdtempSync(join(tmpdir(), 'wireguard-bench-'))
      const file = join(folder, 'wg.conf')
      writeFileSync(file, formatConf(config), { mode: 0o600 })
      const client = new NetlinkClient()
      try {
        // With replacePeers, as setconf. The new interface has no peers.
        const samples = await sideBySide(
          (name) => client.configureDevice(name, { ...config, replacePeers: true }),
          (name) => command('wg', 'setconf', name, file),
          { rounds: 5, warmUp: 2, prepare: addInterface },
        )
        return { unit: 'ms', ...samples }
      } finally {
        await client.close()
        rmSync(folder, { recursive: true })
      }
    },
  },
  // This case must be the last, because so many interfaces, and even more their deletion, keep the
  // kernel busy for a long time.
  {
    name: 'kernel-list',
    title: 'listing the WireGuard interfaces among 5,000 others, against `wg show interfaces`',
    aim: { by: 'ratio', atMost: 1 / 5, stretch: 1 / 20 },
    needs: [needsWg],
    inKernel: true,
    run: async () => {
      addInterface()
      addOthers(5000)
      const wg = await WireGuard.open()
      try {
        const names = await wg.deviceNames()
        const { stdout } = await command('wg', 'show', 'interfaces')
        if (names.toSorted().join(' ') !== stdout.trim().split(' ').toSorted().join(' ')) {
          throw new Error(`${names.length} interfaces, where wg has ${stdout.length} characters`)
        }
        const samples = await sideBySide(
          () => wg.deviceNames(),
          () => command('wg', 'show', 'interfaces'),
          { rounds: 15 },
        )
        return { unit: 'ms', ...samples }
      } finally {
        await wg.close()
      }
    },
  },
]

async function readAll(wg, name) {
  const { peers } = await wg.device(name)
  if (peers.length !== PEERS) throw new Error(`${peers.length} peers`)
}

/** Reads a device as watch does, against receiving its dump. `prepare` comes before each. */
async function poll(fixtures, prepare) {
  const name = await fixtures.largeKernelDevice()
  const client = new NetlinkClient()
  const reader = client.reader(name)
  const dump = await receiveDump(name)
  const samples = await sideBySide(
    () => reader.read(),
    () => dump.receive(),
    { rounds: 25, warmUp: WARM_UP, prepare },
  )
  reader.close()
  await client.close()
  await dump.close()
  return { unit: 'ms', ...samples }
}
