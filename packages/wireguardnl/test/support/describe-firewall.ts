import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { caught } from '../../../../test-fixtures/caught.js'
import { temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import {
  formatTunnelFirewall,
  NetlinkFirewall,
  type TunnelFirewall,
} from '../../src/firewall/firewall.js'
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
  })
}
