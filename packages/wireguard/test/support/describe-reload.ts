import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { caught } from '../../../../test-fixtures/caught.js'
import type { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { until } from '../../../../test-fixtures/wait.js'
import { SecretKey, type ReloadOptions, type UpOptions, type WireGuard } from '../../src/index.js'
import { comparable, machineState } from './machine-state.js'
import { KEY, PATIENTLY, TunnelClient } from './tunnel-client.js'

const PEERS = Array.from({ length: 2 }, () => SecretKey.generatePrivate().publicKey())

interface Shape {
  /** The lines of `[Interface]`. */
  readonly own: readonly string[]
  /** The lines of each `[Peer]`. */
  readonly peers: readonly (readonly string[])[]
  readonly options?: ReloadOptions
}

const ADDRESSES = 'Address = 10.8.0.2/24, fd00:8::2/64'
const ENDPOINT = 'Endpoint = 198.51.100.7:51820'

/** What a tunnel can be, and become. */
const SHAPES: Readonly<Record<string, Shape>> = {
  networks: {
    own: [ADDRESSES],
    peers: [[ENDPOINT, 'AllowedIPs = 10.9.0.0/16, fd00:9::/48, 10.8.0.7/32']],
  },
  full: { own: [ADDRESSES], peers: [[ENDPOINT, 'AllowedIPs = 0.0.0.0/0, ::/0']] },
  'a full one of IPv4 with a network': {
    own: ['Address = 10.8.0.3/24, 10.8.0.2/24'],
    peers: [[ENDPOINT, 'AllowedIPs = 0.0.0.0/0'], ['AllowedIPs = 10.11.0.0/16']],
  },
  'a full one with a mark, a key and a port': {
    own: [ADDRESSES, 'FwMark = 0x1234', 'ListenPort = 51871'],
    peers: [[ENDPOINT, 'AllowedIPs = ::/0, 0.0.0.0/0', 'PersistentKeepalive = 7']],
  },
  halves: { own: [ADDRESSES], peers: [[ENDPOINT, 'AllowedIPs = 0.0.0.0/1, 128.0.0.0/1']] },
  'a network around the endpoint': {
    own: ['Address = 10.8.0.2/32', 'MTU = 1300'],
    peers: [[ENDPOINT, 'AllowedIPs = 198.51.100.0/24, 10.8.0.0/24']],
  },
  'a table': {
    own: [ADDRESSES, 'Address = 10.8.0.9/24', 'Table = 1234'],
    peers: [[ENDPOINT, 'AllowedIPs = 0.0.0.0/0, 10.9.0.0/16']],
  },
  'no peers': { own: ['Address = 10.8.0.2/25, fd00:8::2/96'], peers: [] },
}

function textOf({ own, peers }: Shape): string {
  return [
    '[Interface]',
    `PrivateKey = ${KEY}`,
    ...own,
    ...peers.flatMap((lines, i) => ['', '[Peer]', `PublicKey = ${PEERS[i]!}`, ...lines]),
    '',
  ].join('\n')
}

/** A name server that takes a second and a half. */
async function slowLookup(): Promise<string> {
  const end = performance.now() + 1500
  await until(() => performance.now() > end)
  return '198.51.100.9'
}

/** Routes in an order. The source is the first address, which stays the first one. */
function rows(list: unknown): string[] {
  return (list as readonly object[])
    .map((one) => JSON.stringify({ ...one, prefsrc: undefined }))
    .toSorted()
}

/** Without the order in which the kernel got things, and without the numbers of rules. */
async function stateOf(space: TestNamespace, wg: WireGuard, name: string): Promise<unknown> {
  const state = await machineState(space)
  const addresses = (state.addresses as { readonly addresses: readonly string[] }[]).map((one) => ({
    ...one,
    addresses: one.addresses.toSorted(),
  }))
  const { privateKey, firewallMark, peers } = await wg.device(name)
  const device = {
    key: privateKey?.toBase64(),
    firewallMark,
    peers: peers
      .toSorted((a, b) => (a.publicKey < b.publicKey ? -1 : 1))
      .map((peer) => [
        peer.publicKey,
        peer.allowedIPs.toSorted(),
        peer.endpoint,
        peer.persistentKeepalive,
      ]),
  }
  return {
    ...(comparable({ ...state, addresses, routes: [] }) as object),
    device,
    routes: rows(state.routes),
  }
}

/**
 * What `reload` does to a tunnel that is up.
 *
 * @param titles of the shapes; default: all
 * @param every the failures: 1 is at each step
 */
export function describeReload(
  backend: 'kernel' | 'userspace',
  {
    titles = Object.keys(SHAPES),
    every = 1,
  }: { readonly titles?: readonly string[]; readonly every?: number } = {},
): void {
  let client: TunnelClient
  let space: TestNamespace
  let wg: WireGuard
  let name: string
  const up = (shape: Shape, more: UpOptions = {}) =>
    wg.up(name, textOf(shape), client.options({ backend, ...shape.options, ...more }))
  const reload = (given: Shape | string, more: ReloadOptions = {}) =>
    wg.reload(name, typeof given === 'string' ? given : textOf(given), {
      stateDirectory: client.stateDirectory,
      ...PATIENTLY,
      ...(typeof given === 'string' ? {} : given.options),
      ...more,
    })
  const down = () => wg.down(name, { stateDirectory: client.stateDirectory, ...PATIENTLY })
  const now = () => stateOf(space, wg, name)

  beforeEach(async () => {
    client = await TunnelClient.create()
    ;({ space, wg, name } = client)
  })
  afterEach(async () => {
    await client[Symbol.asyncDispose]()
  })

  describe('reload', () => {
    it.each(titles)(
      'makes %s of every other one, as if it had come up so, and leaves nothing',
      async (title) => {
        const baseline = await machineState(space)
        const wanted = SHAPES[title]!
        await up(wanted)
        const fresh = await now()
        await down()
        for (const from of titles) {
          await up(SHAPES[from]!)
          const { families, steps } = await reload(wanted)
          // A tunnel that stays full keeps its mark.
          const isMarked = from.includes('mark') && families.length > 0 && !title.includes('mark')
          if (!isMarked)
            expect({ from, ...((await now()) as object) }).toEqual({ from, ...(fresh as object) })
          if (from === title)
            expect(steps.filter(({ type }) => type !== 'set-firewall')).toEqual([])
          const again = await reload(wanted)
          expect(again.steps.filter(({ type }) => type !== 'set-firewall')).toEqual([])
          expect(again.families).toEqual(families)
          await down()
          expect(await machineState(space)).toEqual(baseline)
        }
      },
      300_000,
    )

    it('undoes what it added and what was there, wherever it stopped', async () => {
      const baseline = await machineState(space)
      const from = SHAPES['a full one of IPv4 with a network']!
      const to = SHAPES['a full one with a mark, a key and a port']!
      await up(from)
      const { steps } = await reload(to, { dryRun: true })
      const before = await now()
      expect(steps.length).toBeGreaterThan(8)
      await reload(from)
      expect(await now()).toEqual(before)
      await down()
      for (let i = 0; i < steps.length; i += every) {
        await up(from)
        let count = 0
        const onStep = () => {
          if (count++ === i) throw new Error('injected')
        }
        await expect(reload(to, { onStep })).rejects.toThrow('injected')
        if ((i / every) % 2 === 0) {
          await reload(to)
          const again = await reload(to)
          expect(again.steps.map(({ type }) => type)).toEqual(['set-firewall'])
        }
        await down()
        expect(await machineState(space)).toEqual(baseline)
      }
    }, 300_000)

    it('brings back what was lost', async () => {
      const baseline = await machineState(space)
      const full = SHAPES['full']!
      await up(full, { killSwitch: true })
      const before = await now()
      await space.ip(`link set ${name} down`)
      await space.ip(`link set ${name} up`)
      await space.run('nft', 'flush', 'ruleset')
      for (const family of ['-4', '-6']) {
        await space.run('ip', family, 'rule', 'flush')
        await space.run('ip', family, 'rule', 'add', 'preference', '32766', 'lookup', 'main')
      }
      await space.run('sh', '-c', 'echo 0 > /proc/sys/net/ipv4/conf/all/src_valid_mark')
      expect(await now()).not.toEqual(before)
      // The kill switch stays, although nothing is said of it here.
      await reload(full)
      expect(withoutKernelRules(await now())).toEqual(withoutKernelRules(before))
      await space.ip(`link set ${name} down`)
      await reload(full)
      expect(withoutKernelRules(await now())).toEqual(withoutKernelRules(before))
      await down()
      expect({ ...(await machineState(space)), rules: [] }).toEqual({ ...baseline, rules: [] })
    }, 120_000)

    it('takes the route to an endpoint where the network is now', async () => {
      const around = SHAPES['a network around the endpoint']!
      await up(around)
      await space.ip('route replace default via 192.0.2.7')
      const { steps } = await reload(around)
      expect(steps.map(({ command }) => command)).toEqual([
        'ip -4 route replace 198.51.100.7/32 via 192.0.2.7 dev eth0 proto 51',
      ])
      expect(await space.run('ip', 'route', 'get', '198.51.100.7')).toContain('via 192.0.2.7')
      await down()
      expect(await space.run('ip', 'route')).not.toContain('198.51.100.7')
    }, 60_000)

    it('keeps what the file does not have: the key, port and mark of a command', async () => {
      const networks = textOf(SHAPES['networks']!).replace(/PrivateKey.*\n/, '')
      const other = SecretKey.generatePrivate()
      const tunnel = await wg.up(name, networks, client.options({ backend }))
      const own = { privateKey: other, listenPort: 51_899, firewallMark: 77 }
      await wg.configureDevice(name, own, PATIENTLY)
      const { steps } = await reload(`${networks}AllowedIPs = 10.99.0.0/16\n`)
      expect(steps.map(({ type }) => type)).toEqual(['configure-device', 'add-route'])
      const device = await wg.device(name)
      expect(device).toMatchObject({ listenPort: 51_899, firewallMark: 77 })
      expect(device.privateKey?.toBase64()).toBe(other.toBase64())
      await tunnel.down()
    }, 60_000)

    it('writes an endpoint that the file has changed, and keeps one that the peer has', async () => {
      const networks = textOf(SHAPES['networks']!)
      const tunnel = await wg.up(name, networks, client.options({ backend }))
      const roamed = '203.0.113.5:7'
      await wg.setPeer(name, { publicKey: PEERS[0]!, endpoint: roamed }, PATIENTLY)
      const endpoint = async () => (await wg.device(name)).peers[0]!.endpoint
      expect((await reload(networks)).steps).toEqual([])
      expect(await endpoint()).toEqual({ host: '203.0.113.5', port: 7 })
      await reload(networks.replace('198.51.100.7', '198.51.100.8'))
      expect(await endpoint()).toEqual({ host: '198.51.100.8', port: 51_820 })
      await tunnel.down()
    }, 60_000)

    it('waits for names before it holds anything up, and longer than for an answer', async () => {
      const networks = textOf(SHAPES['networks']!)
      const tunnel = await wg.up(name, networks, client.options({ backend }))
      const named = networks.replace('198.51.100.7', 'vpn.example')
      await reload(named, { idleTimeout: 1000, resolve: { lookup: slowLookup } })
      expect((await wg.device(name)).peers[0]!.endpoint?.host).toBe('198.51.100.9')
      await tunnel.down()
    }, 60_000)

    it('changes nothing when the file is wrong, cannot be planned, or the tunnel is not up', async () => {
      const text = textOf(SHAPES['networks']!)
      expect(await caught(reload(text))).toMatchObject({ code: 'ENODEV', device: name })
      await up(SHAPES['networks']!)
      const before = await now()
      expect(await caught(reload(`${text}AllowedIPs = x\n`))).toMatchObject({ code: 'EINVAL' })
      const hooks = text.replace('[Peer]', 'PostUp = true\n[Peer]')
      expect(await caught(reload(hooks))).toMatchObject({ code: 'EPERM', path: 'hooks' })
      const options = { metric: 1, table: 'nonesuch' }
      expect(await caught(reload(text, options))).toMatchObject({
        code: 'EINVAL',
        operation: 'reload tunnel',
      })
      await space.ip('route add 10.98.0.0/16 dev eth0')
      const conflict = `${text}AllowedIPs = 10.98.0.0/16\n`
      expect(await caught(reload(conflict))).toMatchObject({ code: 'EEXIST' })
      await space.ip('route del 10.98.0.0/16')
      expect(await now()).toEqual(before)
      const aborted = await caught(reload(text, { signal: AbortSignal.abort() }))
      expect(aborted).toMatchObject({ code: 'ABORT_ERR' })
      await down()
      await wg.createDevice(name, { backend, ...PATIENTLY })
      expect(await caught(reload(text))).toMatchObject({ code: 'EOPNOTSUPP', device: name })
    }, 60_000)
  })
}

/** Without rules that `ip rule flush` has taken away and the test has added again. */
function withoutKernelRules(state: unknown): unknown {
  const { rules, ...others } = state as { readonly rules: readonly { readonly table: string }[] }
  return { ...others, rules: rules.filter(({ table }) => !['local', 'default'].includes(table)) }
}
