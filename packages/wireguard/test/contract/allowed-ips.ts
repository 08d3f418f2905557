import { describe, expect, it } from '@jest/globals'
import type { DeviceConfig } from 'wireguardcfg'
import { ipv4Of, ipv6Of, publicKeyOf } from '../../../../test-fixtures/sample.js'
import type { Context } from './subject.js'

/** Adding, replacing, moving and removing of allowed IPs. */
export function describeAllowedIPs(
  { traits, read, configure: configureDevice }: Context,
  timeout: number,
): void {
  const [a, b] = [publicKeyOf(1), publicKeyOf(2)]
  const configure = (peers: DeviceConfig['peers']) => configureDevice({ peers })
  const allowedIPs = async (publicKey: string): Promise<string[] | undefined> =>
    (await read()).peers.find((peer) => peer.publicKey === publicKey)?.allowedIPs.toSorted()

  describe('allowed IPs', () => {
    it.each([
      ['host bits', '10.1.2.3/8', '10.0.0.0/8'],
      ['all of IPv4', '0.0.0.0/0', '0.0.0.0/0'],
      ['all of IPv6', '::/0', '::/0'],
      ['IPv6 host bits', 'fd00::ffff/64', 'fd00::/64'],
      ['one bit of a byte', '255.255.255.255/25', '255.255.255.128/25'],
      ['no length', '192.0.2.1', '192.0.2.1/32'],
      ['no IPv6 length', '2001:DB8::1', '2001:db8::1/128'],
      ['a mapped address', '::ffff:1.2.3.4/128', '::ffff:1.2.3.4/128'],
      ['a compatible address', '::102:304/128', '::1.2.3.4/128'],
    ])('are read in canonical text: %s', async (_, written, expected) => {
      await configure([{ publicKey: a, allowedIPs: [written] }])
      await expect(allowedIPs(a)).resolves.toStrictEqual([expected])
    })

    it('are added to what is there', async () => {
      await configure([{ publicKey: a, allowedIPs: ['10.0.0.1/32'] }])
      await configure([{ publicKey: a, allowedIPs: ['10.0.0.2/32', '10.0.0.1/32'] }])
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.0.1/32', '10.0.0.2/32'])
    })

    it('are only those to add when the peers, or the list, are replaced and some are removed', async () => {
      const before = { publicKey: a, allowedIPs: ['10.0.0.2/32', '10.0.0.3/32'] }
      const change = {
        publicKey: a,
        allowedIPs: ['10.0.0.1/32'],
        removeAllowedIPs: ['10.0.0.2/32'],
      }
      await configure([before, { publicKey: b }])
      await configureDevice({ replacePeers: true, peers: [change] })
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.0.1/32'])
      await expect(allowedIPs(b)).resolves.toBeUndefined()
      await configure([before])
      await configure([{ ...change, replaceAllowedIPs: true }])
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.0.1/32'])
    })

    it('are replaced with replaceAllowedIPs', async () => {
      await configure([{ publicKey: a, allowedIPs: ['10.0.0.1/32', 'fd00::1/128'] }])
      await configure([{ publicKey: a, allowedIPs: ['10.0.0.2/32'], replaceAllowedIPs: true }])
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.0.2/32'])
      await configure([{ publicKey: a, replaceAllowedIPs: true }])
      await expect(allowedIPs(a)).resolves.toStrictEqual([])
    })

    it('move from one peer to another', async () => {
      await configure([{ publicKey: a, allowedIPs: ['10.0.0.0/24', '10.0.1.0/24'] }])
      await configure([{ publicKey: b, allowedIPs: ['10.0.0.0/24'] }])
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.1.0/24'])
      await expect(allowedIPs(b)).resolves.toStrictEqual(['10.0.0.0/24'])
    })

    it('are removed one by one, and leave no trace of how', async () => {
      await configure([
        { publicKey: a, allowedIPs: ['10.0.0.1/32', '10.0.0.2/32', 'fd00::1/128', '0.0.0.0/0'] },
        { publicKey: b, allowedIPs: ['10.0.0.3/32'] },
      ])
      await configure([
        { publicKey: a, removeAllowedIPs: ['10.0.0.1/32', 'fd00::1/128', '0.0.0.0/0'] },
      ])
      await expect(allowedIPs(a)).resolves.toStrictEqual(['10.0.0.2/32'])
      await expect(allowedIPs(b)).resolves.toStrictEqual(['10.0.0.3/32'])
      expect((await read()).peers).toHaveLength(2)
    })

    it('of another peer survive the removal', async () => {
      await configure([
        { publicKey: a, allowedIPs: ['10.0.0.1/32'] },
        { publicKey: b, allowedIPs: ['10.0.0.2/32'] },
      ])
      await configure([
        { publicKey: a, removeAllowedIPs: ['10.0.0.2/32', '10.0.0.1/32', '10.9.9.9/32'] },
      ])
      await expect(allowedIPs(a)).resolves.toStrictEqual([])
      await expect(allowedIPs(b)).resolves.toStrictEqual(['10.0.0.2/32'])
    })

    it('are added and removed in one call', async () => {
      await configure([
        { publicKey: a, allowedIPs: ['10.0.0.1/32', '10.0.0.2/32'] },
        { publicKey: b, allowedIPs: ['10.0.0.3/32'] },
      ])
      await configure([
        { publicKey: b, allowedIPs: ['10.0.0.1/32'], removeAllowedIPs: ['10.0.0.3/32'] },
        {
          publicKey: a,
          removeAllowedIPs: ['10.0.0.1/32'],
          allowedIPs: ['10.0.0.3/32', '10.0.0.4/32'],
        },
      ])
      await expect(allowedIPs(a)).resolves.toStrictEqual([
        '10.0.0.2/32',
        '10.0.0.3/32',
        '10.0.0.4/32',
      ])
      await expect(allowedIPs(b)).resolves.toStrictEqual(['10.0.0.1/32'])
    })

    it('of a peer that does not exist are removed without making the peer, with updateOnly', async () => {
      await configure([{ publicKey: a, updateOnly: true, removeAllowedIPs: ['10.0.0.1/32'] }])
      expect((await read()).peers).toStrictEqual([])
    })

    it(
      `are ${traits.manyAllowedIPs} on one peer`,
      async () => {
        const many = Array.from({ length: traits.manyAllowedIPs }, (_, i) =>
          i % 2 === 0 ? ipv4Of(i) : ipv6Of(i),
        )
        await configure([{ publicKey: a, allowedIPs: many }, { publicKey: b }])
        expect((await read()).peers).toHaveLength(2)
        await expect(allowedIPs(a)).resolves.toStrictEqual(many.toSorted())
        await configure([{ publicKey: a, removeAllowedIPs: many.slice(1) }])
        await expect(allowedIPs(a)).resolves.toStrictEqual(many.slice(0, 1))
      },
      timeout,
    )
  })
}
