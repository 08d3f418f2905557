import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caught } from '../../../../test-fixtures/caught.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import type { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { until } from '../../../../test-fixtures/wait.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { SecretKey, type UpOptions, WireGuard } from '../../src/index.js'
import { comparable, machineState } from './machine-state.js'
import { KEY, PATIENTLY, TunnelClient } from './tunnel-client.js'

const PEERS = Array.from({ length: 3 }, () => SecretKey.generatePrivate().publicKey())

/** wg-quick(8) of Debian 12 sets it for every default route of IPv4, and leaves it. */
const VALID_MARK = '/proc/sys/net/ipv4/conf/all/src_valid_mark'

interface Scenario {
  /** The lines of `[Interface]`. */
  readonly own?: readonly string[]
  /** The lines of each `[Peer]`. */
  readonly peers: readonly (readonly string[])[]
  /** Commands of ip(8) before. */
  readonly before?: readonly string[]
}

const FULL = 'AllowedIPs = 0.0.0.0/0, ::/0'
const ADDRESSES = 'Address = 10.8.0.2/24, fd00:8::2/64'
/** Behind the default route. */
const ENDPOINT = 'Endpoint = 198.51.100.7:51820'

/** What wg-quick(8) does as well. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'networks of both families': {
    peers: [[ENDPOINT, 'AllowedIPs = 10.9.0.0/16, fd00:9::/48, 10.8.0.0/24, 10.8.0.7/32']],
  },
  'the default routes of both families': { peers: [[ENDPOINT, FULL]] },
  'the default route of IPv4': { peers: [[ENDPOINT, 'AllowedIPs = 0.0.0.0/0']] },
  'the default route of IPv6': { peers: [[ENDPOINT, 'AllowedIPs = ::/0']] },
  'a default route and networks': {
    peers: [[ENDPOINT, FULL], ['AllowedIPs = 10.11.0.0/16, fd00:11::/64']],
  },
  'no allowed IPs': { peers: [[ENDPOINT]] },
  'no peers': { peers: [] },
  'halves without an endpoint': { peers: [['AllowedIPs = 0.0.0.0/1, 128.0.0.0/1']] },
  'Table = off': { own: ['Table = off'], peers: [[ENDPOINT, FULL]] },
  'Table = 1234': { own: ['Table = 1234'], peers: [[ENDPOINT, FULL, 'AllowedIPs = 10.9.0.0/16']] },
  'Table = main': { own: ['Table = main'], peers: [[ENDPOINT, 'AllowedIPs = 10.9.0.0/16']] },
  'a mark of its own': { own: ['FwMark = 0x1234'], peers: [[ENDPOINT, FULL]] },
  'table 51820 in use': {
    peers: [[ENDPOINT, FULL]],
    before: ['route add 203.0.113.0/24 dev eth0 table 51820'],
  },
  'tables 51820 and 51821 in use, in one family each': {
    peers: [[ENDPOINT, FULL]],
    before: [
      'route add 203.0.113.0/24 dev eth0 table 51820',
      'route add fd00:77::/64 dev eth0 table 51821',
    ],
  },
  'many addresses, with lengths and without': {
    own: ['Address = 10.8.0.3/24, 10.8.1.1', 'Address = fd00:8::3 10.8.0.4/32'],
    peers: [[ENDPOINT, 'AllowedIPs = 10.8.0.0/25']],
  },
  'a given MTU': { own: ['MTU = 1300'], peers: [[ENDPOINT, FULL]] },
  'the MTU of a route': {
    peers: [[ENDPOINT, FULL]],
    before: ['route add 198.51.100.7 via 192.0.2.1 mtu 1400'],
  },
  'the MTU of the interface of the default route': {
    peers: [[ENDPOINT, 'AllowedIPs = 10.9.0.0/16']],
    before: ['link set eth0 mtu 1450'],
  },
  'no route to the endpoint': {
    peers: [[ENDPOINT, 'AllowedIPs = 10.9.0.0/16']],
    before: ['route del default', 'route del default via 2001:db8::1', 'link set eth0 mtu 1450'],
  },
  'rules of others': {
    peers: [[ENDPOINT, FULL]],
    before: [
      'rule add from 203.0.113.1 lookup 77 preference 32701',
      'rule add fwmark 9 lookup 1234 preference 32700',
    ],
  },
}

function textOf({ own = [ADDRESSES], peers }: Scenario): string {
  return [
    '[Interface]',
    `PrivateKey = ${KEY}`,
    ...(own.some((line) => line.startsWith('Address')) ? own : [ADDRESSES, ...own]),
    ...peers.flatMap((lines, i) => ['', '[Peer]', `PublicKey = ${PEERS[i]!}`, ...lines]),
    '',
  ].join('\n')
}

const TEXT = textOf({ peers: [[ENDPOINT, FULL, 'AllowedIPs = 10.9.0.0/16']] })

/** Some scenarios that try most of it, for slow machines. */
export const SOME: readonly string[] = [
  'the default routes of both families',
  'Table = 1234',
  'many addresses, with lengths and without',
]

/**
 * What `up`, `down` and `plan` do, with the real wg-quick(8) beside.
 *
 * @param titles of the scenarios; default: all
 * @param every the failures: 1 is at each step
 */
export function describeUp(
  backend: 'kernel' | 'userspace',
  {
    titles = Object.keys(SCENARIOS),
    every = 1,
  }: { readonly titles?: readonly string[]; readonly every?: number } = {},
): void {
  let client: TunnelClient
  let space: TestNamespace
  let wg: WireGuard
  let name: string
  const options = (more: UpOptions = {}): UpOptions => client.options({ backend, ...more })
  const down = () => wg.down(name, { stateDirectory: client.stateDirectory, ...PATIENTLY })

  beforeEach(async () => {
    client = await TunnelClient.create()
    ;({ space, wg, name } = client)
  })
  afterEach(async () => {
    await client[Symbol.asyncDispose]()
  })

  const quick = async (command: 'up' | 'down', text: string): Promise<void> => {
    const file = join(client.directory.path, `${name}.conf`)
    await writeFile(file, text, { mode: 0o600 })
    const env = backend === 'kernel' ? {} : { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' }
    const { code, stderr } = await runCommand(
      ['nsenter', `--net=${space.path}`, 'wg-quick', command, file],
      { env },
    )
    if (code !== 0) throw new Error(`wg-quick ${command}: ${code}: ${stderr}`)
  }
  const states = () => readdirSync(client.stateDirectory, { recursive: true }).map(String)
  const files = () => states().filter((path) => path.includes(name))

  describe('as wg-quick', () => {
    it.each(titles)(
      '%s',
      async (title) => {
        const scenario = SCENARIOS[title]!
        await space.ip(...(scenario.before ?? []))
        const text = textOf(scenario)
        const baseline = await machineState(space)
        await quick('up', text)
        const theirs = await machineState(space)
        await quick('down', text)
        await space.run('sh', '-c', `echo 0 > ${VALID_MARK}`)

        const tunnel = await wg.up(name, text, options())
        const ours = await machineState(space)
        expect(comparable(ours)).toEqual(comparable(theirs))
        expect(tunnel.backend).toBe(backend)
        expect(await tunnel.down()).toMatchObject({ existed: true })
        expect(await machineState(space)).toEqual(baseline)
        expect(files()).toEqual([])
      },
      60_000,
    )
  })

  describe('down', () => {
    it('takes down what wg-quick brought up, and the other way round', async () => {
      const text = textOf({ peers: [[ENDPOINT, FULL]] })
      const baseline = await machineState(space)
      await quick('up', text)
      const { existed, warnings } = await down()
      expect(existed).toBe(true)
      expect(warnings).toHaveLength(1)
      expect({ ...(await machineState(space)), sysctl: '' }).toEqual({ ...baseline, sysctl: '' })

      await wg.up(name, text, options())
      await quick('down', text)
      // The state is finished, and nothing is left to do.
      expect(await down()).toEqual({ existed: true, warnings: [] })
      expect({ ...(await machineState(space)), sysctl: '' }).toEqual({ ...baseline, sysctl: '' })
      expect(await down()).toEqual({ existed: false, warnings: [] })
    }, 60_000)

    it('undoes everything when the interface has vanished', async () => {
      const baseline = await machineState(space)
      await wg.up(name, textOf({ peers: [[ENDPOINT, FULL]] }), options({ killSwitch: true }))
      await wg.deleteDevice(name, PATIENTLY)
      expect(await machineState(space)).not.toEqual(baseline)
      await down()
      expect(await machineState(space)).toEqual(baseline)
    }, 60_000)
  })

  describe('up', () => {
    it('undoes everything when it fails, at every step', async () => {
      const baseline = await machineState(space)
      const { steps } = await wg.plan(name, TEXT, { killSwitch: false })
      expect(steps.length).toBeGreaterThan(10)
      for (let i = 0; i < steps.length; i += every) {
        let count = 0
        const onStep = () => {
          if (count++ === i) throw new Error('injected')
        }
        await expect(wg.up(name, TEXT, options({ onStep }))).rejects.toThrow('injected')
        expect(await machineState(space)).toEqual(baseline)
        expect(files()).toEqual([])
      }
    }, 120_000)

    it('undoes everything when it is aborted, at every step', async () => {
      const baseline = await machineState(space)
      const { steps } = await wg.plan(name, TEXT)
      for (let i = 0; i < steps.length; i += every) {
        const controller = new AbortController()
        let count = 0
        const onStep = () => {
          if (count++ === i) controller.abort()
        }
        const { signal } = controller
        const error = await caught(wg.up(name, TEXT, options({ onStep, signal })))
        expect(error).toMatchObject({ code: 'ABORT_ERR', device: name })
        expect(await machineState(space)).toEqual(baseline)
        expect(files()).toEqual([])
      }
    }, 120_000)

    it('comes up before its names have addresses, and goes on looking', async () => {
      const baseline = await machineState(space)
      const file = textOf({ peers: [['Endpoint = vpn.example:7', 'AllowedIPs = 10.9.0.0/16']] })
      let lookups = 0
      let answer: string | undefined
      const lookup = async () => {
        lookups++
        await Promise.resolve()
        if (answer !== undefined) return answer
        throw Object.assign(new Error('no name server'), { code: 'EAI_AGAIN' })
      }
      const resolve = { onFailure: 'later', lookup } as const
      const tunnel = await wg.up(name, file, options({ resolve }))
      expect(tunnel.warnings).toEqual([expect.stringContaining('has no endpoint yet')])
      expect((await wg.device(name)).peers[0]!.endpoint).toBeUndefined()
      const atFirst = lookups
      await until(() => lookups > atFirst)
      answer = '198.51.100.9'
      await until(async () => (await wg.device(name)).peers[0]!.endpoint?.host === answer)
      await tunnel.down()
      expect(await machineState(space)).toEqual(baseline)
      const atEnd = lookups
      // What is written later is for another tunnel of this name.
      await (await wg.up(name, TEXT, options())).down()
      expect(lookups).toBe(atEnd)
    }, 60_000)

    it('refuses, returns or replaces a tunnel that is up', async () => {
      const baseline = await machineState(space)
      await wg.up(name, TEXT, options())
      const before = await machineState(space)
      const error = await caught(wg.up(name, TEXT, options()))
      expect(error).toMatchObject({ code: 'EEXIST', hint: expect.stringContaining('ifExists') })
      const used = await wg.up(name, TEXT, options({ ifExists: 'use' }))
      expect(used).toMatchObject({ created: false, families: [4, 6], backend })
      expect(await machineState(space)).toEqual(before)
      const other = textOf({ peers: [['AllowedIPs = 10.77.0.0/16']] })
      const replaced = await wg.up(name, other, options({ ifExists: 'replace' }))
      expect(replaced).toMatchObject({ created: true, families: [] })
      await replaced.down()
      expect(await machineState(space)).toEqual(baseline)
    }, 60_000)

    it('keeps two tunnels apart, in both orders of down', async () => {
      const other = uniqueName()
      const baseline = await machineState(space)
      try {
        for (const order of [
          [0, 1],
          [1, 0],
        ]) {
          const tunnels = [
            await wg.up(name, TEXT, options()),
            await wg.up(other, TEXT.replaceAll('10.9.', '10.10.'), options()),
          ]
          expect(tunnels[1]!.warnings.join()).toContain(name)
          const rules = JSON.parse(await space.run('ip', '-json', 'rule')) as {
            readonly priority: number
          }[]
          expect(rules.map(({ priority }) => priority)).toEqual([
            0, 32_596, 32_597, 32_598, 32_599, 32_766, 32_767,
          ])
          await tunnels[order[0]!]!.down()
          const left = await space.run('ip', 'rule')
          expect(left.match(/suppress_prefixlength/g)).toHaveLength(1)
          expect(left.match(/not from all fwmark/g)).toHaveLength(1)
          await tunnels[order[1]!]!.down()
          expect(await machineState(space)).toEqual(baseline)
        }
      } finally {
        await wg.deleteDevice(other, { ifMissing: 'ignore', ...PATIENTLY })
      }
    }, 60_000)

    it('gives two at the same time tables and rules of their own', async () => {
      const other = uniqueName()
      const baseline = await machineState(space)
      await using second = await WireGuard.open({ netns: space.pid })
      const tunnels = await Promise.all([
        wg.up(name, TEXT, options()),
        second.up(other, TEXT.replaceAll('10.9.', '10.10.'), options()),
      ])
      const rules = await space.run('ip', 'rule')
      expect(rules).toContain('lookup 51820')
      expect(rules).toContain('lookup 51821')
      expect(rules.match(/suppress_prefixlength/g)).toHaveLength(2)
      await Promise.all(tunnels.map((tunnel) => tunnel.down()))
      expect(await machineState(space)).toEqual(baseline)
    }, 60_000)
  })
}
