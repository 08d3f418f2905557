import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { until } from '../../../../test-fixtures/wait.js'
import { SecretKey } from '../../src/index.js'
import { BEHIND, BESIDE, FAR, RoutedNetwork } from './routed-network.js'
import { ping } from './tunnel.js'

const ECHO = fileURLToPath(new URL('echo.mjs', import.meta.url))
const PORT = 9998
const ALL = '0.0.0.0/0, ::/0'
const SPLIT = '10.8.0.0/24, fd00:8::/64'

/**
 * What becomes of packets in a tunnel while it is reloaded.
 *
 * @param count of packets at least
 * @param every milliseconds between two of them
 * @param all false: one of the tunnels, for slow machines
 */
export function describeReloadPackets(
  backend: 'kernel' | 'userspace',
  { count, every, all = true }: { count: number; every: number; all?: boolean },
): void {
  describe('packets during reloads', () => {
    let network: RoutedNetwork
    const children: ChildProcess[] = []
    beforeEach(async () => {
      network = await RoutedNetwork.create(backend)
    })
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      await network[Symbol.asyncDispose]()
    })

    const run = (space: TestNamespace, ...args: string[]): ChildProcess => {
      const command = [`--net=${space.path}`, process.execPath, ECHO, ...args]
      const child = spawn('nsenter', command, { stdio: ['pipe', 'pipe', 'inherit'] })
      children.push(child)
      return child
    }

    const tunnels = [
      ['a split tunnel, that becomes full and split again', BEHIND],
      ['a tunnel whose endpoint is in the network beside', BESIDE],
    ] as const
    it.each(all ? tunnels : tunnels.slice(0, 1))(
      'are all answered, in one session: %s',
      async (_, endpoint) => {
        const { wg, name, client } = network
        const text = (allowedIPs: string, own = '') =>
          network.text(allowedIPs, endpoint).replace('[Peer]', `${own}[Peer]`)
        const another = `[Peer]\nPublicKey = ${SecretKey.generatePrivate().publicKey()}\nAllowedIPs = 10.77.0.0/16\n`
        const files = [
          text(ALL),
          text(SPLIT),
          text(SPLIT, 'Address = 10.8.0.3/24\n'),
          `${text(SPLIT)}${another}`,
          text(ALL, 'FwMark = 0x77\n'),
          text(ALL, 'FwMark = 0x78\n'),
          text(ALL),
          text('0.0.0.0/0', 'MTU = 1380\n'),
          text('0.0.0.0/1, 128.0.0.0/1'),
          text(SPLIT, 'Table = 1234\nAddress = fd00:8::3/64\n'),
          text(SPLIT),
        ]
        const tunnel = await wg.up(name, text(SPLIT), network.options())
        await until(() => ping(client, FAR), 'a ping is answered', 20_000)
        await once(run(network.router, 'echo', FAR, `${PORT}`).stdout!, 'data')
        const handshake = async () => (await wg.device(name)).peers[0]!.lastHandshake
        const before = await handshake()
        const sender = run(client, 'send', FAR, `${PORT}`, `${every}`)
        let output = ''
        sender.stdout!.on('data', (data) => (output += String(data)))
        await once(sender.stdout!, 'data')
        const closed = once(sender, 'close')
        const { stateDirectory, idleTimeout } = network.options()
        const latest = performance.now() + 1.1 * every * count
        for (let i = 0; i < files.length || performance.now() < latest; i++) {
          const file = files[i % files.length]!
          await wg.reload(name, file, { stateDirectory, idleTimeout })
        }
        sender.stdin!.end()
        await closed
        const [, answered, sent] = /answered (\d+) of (\d+)\n$/.exec(output)!
        expect(answered).toBe(sent)
        expect(Number(sent)).toBeGreaterThanOrEqual(count)
        expect(await handshake()).toEqual(before)
        await tunnel.down()
      },
      120_000,
    )
  })
}
