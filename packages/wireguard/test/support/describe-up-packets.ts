import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { until } from '../../../../test-fixtures/wait.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { SecretKey, type UpOptions, type WireGuard } from '../../src/index.js'
import { BEHIND, BESIDE, INTERNET, LAN, RoutedNetwork } from './routed-network.js'
import { ping } from './tunnel.js'
import { PATIENTLY } from './tunnel-client.js'

const PORT = 9999

const COUNTED = {
  internet4: `ip daddr ${INTERNET[4]}`,
  internet6: `ip6 daddr ${INTERNET[6]}`,
  lan4: `ip daddr ${LAN[4]}`,
  lan6: `ip6 daddr ${LAN[6]}`,
}

/** A table of nft(8) that counts packets to PORT at the router, by interface and destination. */
function counters(tunnel: string): string {
  const rules = Object.entries({ plain: 'eth', tunnel }).flatMap(([way, device]) =>
    Object.entries(COUNTED).map(
      ([name, match]) =>
        `iifname "${device}" ${match} udp dport ${PORT} counter comment "${way}_${name}"`,
    ),
  )
  const hook = 'type filter hook prerouting priority -400;'
  return `table inet count {\nchain count {\n${[hook, ...rules].join('\n')}\n}\n}\n`
}

/** The packets that have arrived. */
type Counts = Record<`${'plain' | 'tunnel'}_${'internet' | 'lan'}${4 | 6}`, number>

/** Sends a packet to each address every two milliseconds, until it is killed. */
const SENDER = `
const { createSocket } = require('node:dgram')
const sockets = { 4: createSocket('udp4'), 6: createSocket('udp6') }
for (const one of Object.values(sockets)) one.on('error', () => {})
setInterval(() => {
  for (const address of process.argv.slice(1)) {
    const socket = sockets[address.includes(':') ? 6 : 4]
    socket.send('x', ${PORT}, address, () => {})
  }
}, 2)
`

/** Values of rp_filter and src_valid_mark. */
const FILTERS = [
  ['0', '0'],
  ['1', '0'],
  ['2', '0'],
  ['0', '1'],
  ['1', '1'],
  ['2', '1'],
] as const

/** Allowed IPs around an endpoint. */
const LOOPS = [
  ['halves', '0.0.0.0/1, 128.0.0.0/1, fd00:8::/64', BEHIND],
  ['a network', '10.8.0.0/24, 198.51.100.0/24', BEHIND],
  ['the network of the neighbours', '10.8.0.0/24, 192.0.2.0/25', BESIDE],
  ['a network beside a default route', '0.0.0.0/0, 198.51.100.0/24', BEHIND],
] as const

/** What is seen on the wire while tunnels come and go. */
export function describeUpPackets(backend: 'kernel' | 'userspace'): void {
  describe('packets', () => {
    let network: RoutedNetwork
    let client: TestNamespace
    let router: TestNamespace
    let wg: WireGuard
    let name: string
    let sender: ChildProcess | undefined

    beforeEach(async () => {
      network = await RoutedNetwork.create(backend)
      ;({ client, router, wg, name } = network)
      await router.run('nft', counters(network.farName))
    })
    afterEach(async () => {
      sender?.kill('SIGKILL')
      sender = undefined
      await network[Symbol.asyncDispose]()
    })

    const options = (more?: UpOptions) => network.options(more)
    const textOf = (allowedIPs?: string, endpoint?: string) => network.text(allowedIPs, endpoint)
    const send = async (): Promise<void> => {
      const addresses = [INTERNET[4], INTERNET[6], LAN[4], LAN[6]]
      const command = [`--net=${client.path}`, process.execPath, '-e', SENDER, ...addresses]
      sender = spawn('nsenter', command, { stdio: 'ignore' })
      await once(sender, 'spawn')
      await until(async () => (await counts()).plain_lan6 > 5, 'packets arrive', 20_000)
    }
    const counts = async (): Promise<Counts> => {
      const { nftables } = JSON.parse(
        await router.run('nft', '-j', 'list', 'table', 'inet', 'count'),
      ) as { nftables: { rule?: { comment: string; expr: { counter?: { packets: number } }[] } }[] }
      const found = nftables.flatMap(({ rule }) =>
        rule === undefined
          ? []
          : [[rule.comment, rule.expr.find(({ counter }) => counter)!.counter!.packets]],
      )
      return Object.fromEntries(found) as Counts
    }
    /** Waits while so many packets to the LAN arrive: there is always one each two milliseconds. */
    const passed = async (packets: number) => {
      const { plain_lan4: from } = await counts()
      await until(async () => (await counts()).plain_lan4 >= from + packets, 'time passes')
    }
    const shaken = async () => (await wg.device(name)).peers[0]!.lastHandshake !== undefined

    it('to the internet are never plain after up, and local ones never in the tunnel', async () => {
      await send()
      const tunnel = await wg.up(name, textOf(), options())
      // What was on the way when the rules changed.
      await passed(10)
      const first = await counts()
      await until(async () => (await counts()).tunnel_internet6 > 20, 'the tunnel is used', 20_000)
      await passed(60)
      const second = await counts()
      expect(second).toMatchObject({
        plain_internet4: first.plain_internet4,
        plain_internet6: first.plain_internet6,
      })
      expect(second.tunnel_internet4).toBeGreaterThan(20)
      expect(second.plain_lan4).toBeGreaterThan(first.plain_lan4 + 20)
      expect(second.plain_lan6).toBeGreaterThan(first.plain_lan6 + 20)
      await tunnel.down()
      await until(
        async () => (await counts()).plain_internet4 > second.plain_internet4,
        'plain again',
      )
      expect(await counts()).toMatchObject({ tunnel_lan4: 0, tunnel_lan6: 0 })
    }, 60_000)

    it.each(FILTERS)(
      'are answered with rp_filter %s and src_valid_mark %s',
      async (filter, mark) => {
        const conf = '/proc/sys/net/ipv4/conf'
        await client.run(
          'sh',
          '-c',
          `echo ${mark} > ${conf}/all/src_valid_mark; for f in ${conf}/*/rp_filter; do echo ${filter} > $f; done`,
        )
        const tunnel = await wg.up(name, textOf(), options())
        await until(() => ping(client, '10.8.0.1'), 'a ping is answered', 20_000)
        expect(await shaken()).toBe(true)
        await tunnel.down()
        expect((await client.run('cat', `${conf}/all/src_valid_mark`)).trim()).toBe(mark)
      },
      60_000,
    )

    it('to the address of the tunnel that come in elsewhere are dropped', async () => {
      await router.ip('route add 10.8.0.2/32 via 192.0.2.9 dev eth')
      await using tunnel = await wg.up(name, textOf('0.0.0.0/0'), options({ firewall: 'off' }))
      expect(tunnel.families).toEqual([4])
      // From an address that the client answers beside the tunnel.
      const injected = () => pingFrom(router, LAN[4], '10.8.0.2')
      await until(injected, 'without the firewall, they are answered', 20_000)
      await tunnel.down()
      await using guarded = await wg.up(name, textOf('0.0.0.0/0'), options())
      expect(guarded.created).toBe(true)
      expect(await injected()).toBe(false)
    }, 60_000)

    it('do not leave plain with the kill switch, when the interface is down or deleted', async () => {
      const tunnel = await wg.up(name, textOf(), options({ killSwitch: true }))
      await until(() => ping(client, '10.8.0.1'), 'a ping is answered', 20_000)
      await send()
      await until(async () => (await counts()).tunnel_internet4 > 5, 'the tunnel is used', 20_000)
      const before = await counts()
      await wg.setLink(name, { up: false })
      await passed(60)
      await wg.deleteDevice(name, PATIENTLY)
      await passed(60)
      const after = await counts()
      expect(after).toMatchObject({
        plain_internet4: before.plain_internet4,
        plain_internet6: before.plain_internet6,
      })
      expect(after.plain_lan4).toBeGreaterThan(before.plain_lan4 + 20)
      await tunnel.down()
      await until(async () => (await counts()).plain_internet4 > after.plain_internet4, 'plain')
      expect(await counts()).toMatchObject({ tunnel_lan4: 0, tunnel_lan6: 0 })
    }, 60_000)

    it('do not leave plain with the kill switch, when a later step fails', async () => {
      await send()
      const hooks = { hooks: 'run', killSwitch: true } as const
      const failing = textOf().replace('[Peer]', 'PostUp = exit 3\n[Peer]')
      await expect(wg.up(name, failing, options(hooks))).rejects.toMatchObject({
        code: 'ECANCELED',
        hint: expect.stringContaining('kill switch'),
      })
      await passed(10)
      const before = await counts()
      await passed(60)
      const after = await counts()
      expect(after).toMatchObject({
        plain_internet4: before.plain_internet4,
        plain_internet6: before.plain_internet6,
      })
      expect(after.plain_lan4).toBeGreaterThan(before.plain_lan4 + 20)
      await wg.down(name, { stateDirectory: options().stateDirectory, ...PATIENTLY })
      await until(async () => (await counts()).plain_internet4 > after.plain_internet4, 'plain')
    }, 60_000)

    it.each(LOOPS)(
      'of the tunnel do not loop when the endpoint is inside %s',
      async (_, ips, endpoint) => {
        const tunnel = await wg.up(name, textOf(ips, endpoint), options())
        await until(() => ping(client, '10.8.0.1'), 'a ping is answered', 20_000)
        expect(await shaken()).toBe(true)
        await tunnel.down()
      },
      60_000,
    )

    it('of a tunnel go on when another one goes down', async () => {
      const second = uniqueName()
      // Its endpoint is beside the client, so that its packets go by no other tunnel.
      const full = textOf('0.0.0.0/0, ::/0', BESIDE)
      const idle = full
        .replace(network.own.toBase64(), SecretKey.generatePrivate().toBase64())
        .replaceAll('10.8.0.2', '10.88.0.2')
        .replaceAll('fd00:8::2', 'fd00:88::2')
      try {
        const below = await wg.up(second, idle, options())
        const tunnel = await wg.up(name, full, options())
        await send()
        await until(async () => (await counts()).tunnel_internet4 > 5, 'is used', 20_000)
        const first = await counts()
        await below.down()
        await passed(60)
        const then = await counts()
        expect(then).toMatchObject({
          plain_internet4: first.plain_internet4,
          plain_internet6: first.plain_internet6,
          tunnel_lan4: 0,
          tunnel_lan6: 0,
        })
        expect(then.tunnel_internet4).toBeGreaterThan(first.tunnel_internet4 + 20)
        expect(then.plain_lan4).toBeGreaterThan(first.plain_lan4 + 20)
        await tunnel.down()
      } finally {
        await wg.deleteDevice(second, { ifMissing: 'ignore', ...PATIENTLY })
      }
    }, 60_000)
  })
}

async function pingFrom(from: TestNamespace, source: string, to: string): Promise<boolean> {
  return await from.run('busybox', 'ping', '-c', '1', '-W', '1', '-I', source, to).then(
    () => true,
    () => false,
  )
}
