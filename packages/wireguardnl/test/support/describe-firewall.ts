import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caught } from '../../../../test-fixtures/caught.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import {
  formatMasquerade,
  formatTunnelFirewall,
  NetlinkFirewall,
  type TunnelFirewall,
} from '../../src/firewall/firewall.js'
import type { Masquerade } from '../../src/firewall/masquerade.js'
import { type Namespace, openNamespace } from '../../src/namespace/namespace.js'
import { kernelIn } from '../../src/wireguard/kernel.js'

const WG0: TunnelFirewall = {
  device: 'wg0',
  addresses: ['10.8.0.2', '10.9.0.2', 'fd00:8::2'],
  firewallMark: 51_820,
  families: [4, 6],
}

/** Tests of tables of tunnels on the running kernel, with nft(8) beside. */
export function describeFirewall(): void {
  describe('the tables of a tunnel', () => {
    let space: TestNamespace
    let namespace: Namespace
    let firewall: NetlinkFirewall

    beforeEach(async () => {
      space = await TestNamespace.create()
      namespace = openNamespace(space.path)
      firewall = new NetlinkFirewall(kernelIn(namespace))
    })
    afterEach(async () => {
      await firewall.close()
      namespace.close()
      await space[Symbol.asyncDispose]()
    })

    const shown = () => space.run('nft', 'list', 'ruleset')

    it('are those that nft makes of their text', async () => {
      await using directory = await temporaryDirectory()
      const file = join(directory.path, 'rules.nft')
      await writeFile(file, formatTunnelFirewall(WG0))
      await space.run('nft', '-f', file)
      const expected = await shown()
      expect(expected).toContain(
        'iifname != "wg0" ip6 daddr fd00:8::2 fib saddr type != local drop',
      )
      await space.run('nft', 'flush', 'ruleset')
      await firewall.setTunnel(WG0)
      expect(await shown()).toBe(expected)
    })

    it('are replaced whole, leave others alone, and are deleted as often as one likes', async () => {
      await space.run('nft', 'add', 'table', 'inet', 'other')
      const others = await shown()
      await firewall.deleteTunnel('wg0')
      expect(await shown()).toBe(others)
      await firewall.setTunnel(WG0)
      await firewall.setTunnel({ ...WG0, device: 'wg1', families: [6] })
      expect(await firewall.tables()).toEqual([
        { family: 'inet', name: 'other' },
        { family: 'ip', name: 'wg-quick-wg0' },
        { family: 'ip6', name: 'wg-quick-wg0' },
        { family: 'ip6', name: 'wg-quick-wg1' },
      ])
      await firewall.setTunnel({ ...WG0, addresses: ['10.8.0.3'], families: [4] })
      const tables = await firewall.tables()
      expect(tables.filter(({ name }) => name === 'wg-quick-wg0')).toEqual([
        { family: 'ip', name: 'wg-quick-wg0' },
      ])
      expect(await shown()).toContain('10.8.0.3')
      expect(await shown()).not.toContain('10.8.0.2')
      await firewall.deleteTunnel('wg0')
      await firewall.deleteTunnel('wg1')
      await firewall.deleteTunnel('wg1')
      expect(await shown()).toBe(others)
    })

    it('are not touched when what is given is wrong', async () => {
      await firewall.setTunnel(WG0)
      const before = await shown()
      for (const [change, path] of [
        [{ firewallMark: 0 }, undefined],
        [{ addresses: ['10.8.0.2/24'] }, 'addresses[0]'],
        [{ addresses: undefined }, 'addresses'],
        [{ families: [5] }, 'families[0]'],
        [{ device: 'no/name' }, undefined],
        [{ mark: 7 }, 'mark'],
      ] as const) {
        const error = await caught(firewall.setTunnel({ ...WG0, ...change } as never))
        expect(error).toMatchObject({ code: 'EINVAL', operation: 'set firewall', path })
      }
      expect(await shown()).toBe(before)
    })

    it.each<Masquerade>([
      { device: 'wg0', families: [4, 6] },
      { device: 'wg0', outputDevice: 'eth0', families: [4] },
    ])('that masquerade are those that nft makes of their text: %j', async (masquerade) => {
      await using directory = await temporaryDirectory()
      const file = join(directory.path, 'rules.nft')
      await writeFile(file, formatMasquerade(masquerade))
      await space.run('nft', '-f', file)
      const expected = await shown()
      expect(expected).toMatch(/iifname "wg0" oifname .* masquerade/)
      await space.run('nft', 'flush', 'ruleset')
      // A table of a tunnel with a default route stays.
      await firewall.setTunnel({ ...WG0, families: [6] })
      const others = await shown()
      await firewall.setMasquerade({ device: 'wg0', families: [6] })
      await firewall.setMasquerade(masquerade)
      await firewall.deleteTunnel('wg0')
      expect(await shown()).toBe(expected)
      await firewall.setTunnel({ ...WG0, families: [6] })
      await firewall.deleteMasquerade('wg0')
      await firewall.deleteMasquerade('wg0')
      expect(await shown()).toBe(others)
    })

    it('that masquerade are not touched when what is given is wrong', async () => {
      for (const [change, path] of [
        [{ outputDevice: 'no/name' }, undefined],
        [{ families: undefined }, 'families'],
        [{ families: [5] }, 'families[0]'],
        [{ output: 'eth0' }, 'output'],
      ] as const) {
        const given = { device: 'wg0', families: [4], ...change } as never
        const error = await caught(firewall.setMasquerade(given))
        expect(error).toMatchObject({ code: 'EINVAL', operation: 'set firewall', path })
      }
      expect(await shown()).toBe('')
    })

    it('and their chains are listed, with those of others', async () => {
      const chain = '{ type filter hook forward priority 0; policy drop; }'
      await space.run('nft', 'add', 'table', 'ip', 'filter')
      await space.run('nft', 'add', 'chain', 'ip', 'filter', 'FORWARD', chain)
      await space.run('nft', 'add', 'chain', 'ip', 'filter', 'called')
      const ingress = '{ type filter hook ingress device lo priority 0; }'
      await space.run('nft', 'add', 'table', 'netdev', 'x')
      await space.run('nft', 'add', 'chain', 'netdev', 'x', 'in', ingress)
      await firewall.setMasquerade({ device: 'wg0', families: [6] })
      const chains = await firewall.chains()
      expect(chains).toHaveLength(3)
      expect(chains).toEqual(
        expect.arrayContaining([
          { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' },
          { family: 'netdev', table: 'x', name: 'in', hook: '0', policy: 'accept' },
          {
            family: 'ip6',
            table: 'wireguard-wg0',
            name: 'postrouting',
            hook: 'postrouting',
            policy: 'accept',
          },
        ]),
      )
    })
  })
}
