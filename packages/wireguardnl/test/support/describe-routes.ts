import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { caught } from '../../../../test-fixtures/caught.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { NetlinkLinks } from '../../src/links/links.js'
import { type Namespace, openNamespace } from '../../src/namespace/namespace.js'
import { NetlinkRoutes } from '../../src/routes/routes.js'
import type { RouteInit } from '../../src/routes/route.js'
import type { RuleInit } from '../../src/routes/rule.js'
import { kernelIn } from '../../src/wireguard/kernel.js'
import { addVeth } from './temporary-link.js'

/** Tests of routes and rules on the running kernel, with ip(8) beside. */
export function describeRoutes(): void {
  describe('routes and rules of the kernel', () => {
    let space: TestNamespace
    let namespace: Namespace
    let routes: NetlinkRoutes
    let links: NetlinkLinks

    beforeEach(async () => {
      space = await TestNamespace.create()
      namespace = openNamespace(space.path)
      const kernel = kernelIn(namespace)
      routes = new NetlinkRoutes(kernel)
      links = new NetlinkLinks(kernel)
      await addVeth(kernel, 'a0')
      const other = (await space.links()).find((name) => name !== 'a0')
      await links.setLink(other!, { up: true })
      await links.setLink('a0', { up: true })
      await links.addAddress('a0', '192.0.2.2/24')
      await links.addAddress('a0', '2001:db8::2/64')
    })
    afterEach(async () => {
      await routes.close()
      await links.close()
      namespace.close()
      await space[Symbol.asyncDispose]()
    })

    const shown = async (...words: string[]) =>
      (await space.run('ip', ...words)).split('\n').map((line) => line.trim().replaceAll('  ', ' '))

    it.each<[RouteInit, string[], string]>([
      [
        { destination: '10.9.0.0/16', device: 'a0' },
        ['-4', 'route', 'show', 'table', 'main'],
        '10.9.0.0/16 dev a0 scope link',
      ],
      [
        { destination: '0.0.0.0/0', device: 'a0', table: 51_820 },
        ['-4', 'route', 'show', 'table', '51820'],
        'default dev a0 scope link',
      ],
      [
        { destination: 'fd00:9::/48', device: 'a0', metric: 77, protocol: 118, mtu: 1300 },
        ['-6', 'route', 'show', 'table', 'main'],
        'fd00:9::/48 dev a0 proto 118 metric 77 mtu 1300 pref medium',
      ],
      [
        { destination: '203.0.113.0/24', gateway: '192.0.2.1', source: '192.0.2.2' },
        ['-4', 'route', 'show', 'table', 'main'],
        '203.0.113.0/24 via 192.0.2.1 dev a0 src 192.0.2.2',
      ],
      [
        { destination: '0.0.0.0/0', type: 'unreachable', metric: 4_294_967_295, table: 77 },
        ['-4', 'route', 'show', 'table', '77'],
        'unreachable default metric 4294967295',
      ],
      [
        { destination: '::/0', type: 'blackhole', table: 77 },
        ['-6', 'route', 'show', 'table', '77'],
        'blackhole default dev lo metric 1024 pref medium',
      ],
    ])('adds what ip shows, lists it and deletes it: %j', async (route, words, line) => {
      const table = route.table ?? 254
      const before = await routes.routes({ table })
      await routes.addRoute(route)
      expect(await shown(...words)).toContain(line)
      const after = await routes.routes({ table })
      const [added, ...others] = after.filter(
        ({ destination }) => destination === route.destination,
      )
      expect(others).toEqual([])
      expect(added).toMatchObject(route)
      expect(await caught(routes.addRoute(route))).toMatchObject({
        code: 'EEXIST',
        operation: 'add route',
        device: route.device,
        detail: expect.stringContaining(route.destination),
      })
      await routes.deleteRoute(route)
      expect(await routes.routes({ table })).toEqual(before)
      expect(await caught(routes.deleteRoute(route))).toMatchObject({ code: 'ESRCH' })
    })

    it('replaces the one to the same destination with the same metric', async () => {
      const destination = '198.51.100.0/24'
      const gateways = async () =>
        (await routes.routes({ table: 254 }))
          .filter((route) => route.destination === destination)
          .map(({ gateway }) => gateway)
      await routes.replaceRoute({ destination, gateway: '192.0.2.1' })
      await routes.replaceRoute({ destination, gateway: '192.0.2.7' })
      expect(await gateways()).toEqual(['192.0.2.7'])
      await routes.replaceRoute({ destination, gateway: '192.0.2.1', metric: 9 })
      expect(await gateways()).toEqual(['192.0.2.7', '192.0.2.1'])
      const six = { destination: 'fd09::/64', device: 'a0', table: 77 }
      await routes.replaceRoute(six)
      await routes.replaceRoute({ ...six, mtu: 1300 })
      expect(await routes.routes({ table: 77 })).toEqual([expect.objectContaining({ mtu: 1300 })])
      expect(
        await caught(routes.replaceRoute({ destination, gateway: '203.0.113.9' })),
      ).toMatchObject({ code: 'ENETUNREACH', operation: 'replace route' })
    })

    it('lists those of one interface, one table or one family', async () => {
      await routes.addRoute({ destination: '10.9.0.0/16', device: 'a0' })
      await routes.addRoute({ destination: 'fd00::/8', device: 'a0', table: 77 })
      const texts = async (filter: Parameters<typeof routes.routes>[0]) =>
        (await routes.routes(filter)).map(({ destination }) => destination)
      expect(await texts({ table: 77 })).toEqual(['fd00::/8'])
      expect(await texts({ table: 78 })).toEqual([])
      expect(await texts({ device: 'lo' })).not.toContain('10.9.0.0/16')
      expect(await texts({ device: 'a0', table: 254, family: 4 })).toEqual([
        '10.9.0.0/16',
        '192.0.2.0/24',
      ])
      expect(await caught(routes.routes({ device: 'none' }))).toMatchObject({ code: 'ENODEV' })
    })

    it('looks up the route of a packet, with its mark', async () => {
      await routes.addRule({ family: 4, table: 77, priority: 100, firewallMark: 5 })
      await routes.addRoute({ destination: '198.51.100.0/24', gateway: '192.0.2.1', mtu: 1300 })
      await routes.addRoute({ destination: '198.51.100.0/24', type: 'unreachable', table: 77 })
      const address = '198.51.100.9'
      expect(await routes.lookUp({ address })).toMatchObject({
        destination: '198.51.100.9/32',
        device: 'a0',
        gateway: '192.0.2.1',
        source: '192.0.2.2',
        table: 254,
        mtu: 1300,
      })
      expect(await caught(routes.lookUp({ address, firewallMark: 5 }))).toMatchObject({
        code: 'EHOSTUNREACH',
        operation: 'look up route',
        detail: address,
      })
      expect(await caught(routes.lookUp({ address: '233.252.0.1' }))).toMatchObject({
        code: 'ENETUNREACH',
      })
      expect(await routes.lookUp({ address: '2001:db8::1' })).toMatchObject({ device: 'a0' })
    })

    it.each<[RuleInit, string]>([
      [
        { family: 4, table: 51_820, priority: 32_001, invert: true, firewallMark: 51_820 },
        '32001: not from all fwmark 0xca6c lookup 51820',
      ],
      [
        { family: 6, table: 254, priority: 32_000, suppressPrefixLength: 0 },
        '32000: from all lookup main suppress_prefixlength 0',
      ],
      [
        { family: 4, table: 77, priority: 5, firewallMark: 1, firewallMask: 255, protocol: 118 },
        '5: from all fwmark 0x1/0xff lookup 77 proto 118',
      ],
    ])('adds a rule that ip shows, lists it and deletes it: %j', async (rule, line) => {
      const before = await routes.rules()
      await routes.addRule(rule)
      const lines = await shown(`-${rule.family}`, 'rule')
      expect(lines.map((one) => one.replace('\t', ' '))).toContain(line)
      const after = await routes.rules({ family: rule.family })
      expect(after.find(({ priority }) => priority === rule.priority)).toMatchObject(rule)
      expect(await caught(routes.addRule(rule))).toMatchObject({ code: 'EEXIST' })
      await routes.deleteRule(rule)
      expect(await routes.rules()).toEqual(before)
      expect(await caught(routes.deleteRule(rule))).toMatchObject({ code: 'ENOENT' })
    })

    it('tells an interface that is down, and IPv6 that is off', async () => {
      await space.run('sysctl', '-qw', 'net.ipv6.conf.a0.disable_ipv6=1')
      const v6 = routes.addRoute({ destination: 'fd00::/8', device: 'a0' })
      expect(await caught(v6)).toMatchObject({
        code: 'EACCES',
        hint: expect.stringContaining('net.ipv6.conf.a0.disable_ipv6=0'),
      })
      await links.setLink('a0', { up: false })
      const v4 = routes.addRoute({ destination: '10.0.0.0/8', device: 'a0' })
      expect(await caught(v4)).toMatchObject({ code: 'ENETDOWN', device: 'a0' })
    })
  })
}
