import { describe, expect, it } from '@jest/globals'
import { type Device, SecretKey, toConfig } from 'wireguardcfg'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  samplePeers,
  sorted,
  sampleDevice,
  samplePeer,
} from '../../../../test-fixtures/sample.js'
import type { Context } from './subject.js'

/** Reading and writing of everything but single allowed IPs. */
export function describeReadAndWrite(
  { traits, subject, read, configure }: Context,
  timeout: number,
): void {
  const told = <T>(value: T) => (traits.tellsPrivateKey === false ? undefined : value)
  // What needs none cannot work where one is needed.
  const itWithoutKey = traits.ownKey === undefined ? it : it.failing

  describe('reading', () => {
    it('lists the device', async () => {
      await expect(subject().backend.deviceNames()).resolves.toContain(subject().device)
    })

    it('reads an empty device with every field present', async () => {
      const device = await read()
      const expected = sampleDevice({
        name: subject().device,
        backend: traits.kind,
        index: traits.hasIndex ? device.index : undefined,
        listenPort: device.listenPort,
        publicKey: traits.ownKey?.publicKey(),
      })
      expect(device).toStrictEqual(expected)
      expect(typeof device.index).toBe(traits.hasIndex ? 'number' : 'undefined')
    })

    it('reads what was written, field by field', async () => {
      const privateKey = privateKeyOf(1)
      await configure({
        privateKey,
        listenPort: 51_820,
        firewallMark: 0xffff_ffff,
        peers: [
          {
            publicKey: publicKeyOf(1),
            presharedKey: presharedKeyOf(1),
            endpoint: '192.0.2.1:65535',
            persistentKeepalive: 65_535,
            allowedIPs: ['10.0.0.1/32', 'fd00::1/128'],
          },
          { publicKey: publicKeyOf(2) },
        ],
      })
      const device = sorted(await read())
      const peers = [
        samplePeer({
          publicKey: publicKeyOf(1),
          presharedKey: presharedKeyOf(1),
          endpoint: { host: '192.0.2.1', port: 65_535 },
          persistentKeepalive: 65_535,
          allowedIPs: ['10.0.0.1/32', 'fd00::1/128'],
        }),
        samplePeer({ publicKey: publicKeyOf(2) }),
      ]
      expect(device).toStrictEqual(
        sorted({
          name: subject().device,
          backend: traits.kind,
          index: device.index,
          privateKey: told(privateKey),
          publicKey: privateKey.publicKey(),
          listenPort: 51_820,
          firewallMark: 0xffff_ffff,
          peers,
        }),
      )
      expect(device.privateKey?.equals(privateKey)).toBe(told(true))
    })

    it.each([
      ['an IPv6 address', '[2001:db8::1]:51820', { host: '2001:db8::1', port: 51_820 }],
      ['a mapped address', '[::ffff:1.2.3.4]:1', { host: '::ffff:1.2.3.4', port: 1 }],
      ['a compatible address', '[::0102:0304]:2', { host: '::1.2.3.4', port: 2 }],
      ['a zone', '[fe80::1%lo]:3', { host: traits.tellsZones ? 'fe80::1%lo' : 'fe80::1', port: 3 }],
    ])('keeps an endpoint with %s', async (_, endpoint, expected) => {
      await configure({ peers: [{ publicKey: publicKeyOf(1), endpoint }] })
      expect((await read()).peers[0]?.endpoint).toStrictEqual(expected)
    })

    it('reads a private key back clamped, and its public key', async () => {
      const unclamped = SecretKey.parse(Uint8Array.from({ length: 32 }, (_, i) => 255 - i))
      await configure({ privateKey: unclamped })
      const device = await read()
      expect(device.privateKey?.toBase64()).toBe(told(unclamped.clamped().toBase64()))
      expect(device.publicKey).toBe(unclamped.publicKey())
    })

    it(
      `reads ${traits.manyPeers} peers`,
      async () => {
        await configure({ peers: samplePeers(traits.manyPeers) })
        const device = await read()
        const wanted = samplePeers(traits.manyPeers)
        const found = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
        expect(found.size).toBe(wanted.length)
        for (const config of wanted) {
          const peer = found.get(config.publicKey)
          expect(peer).toMatchObject({
            persistentKeepalive: config.persistentKeepalive,
            presharedKey: config.presharedKey,
          })
          expect(peer?.allowedIPs.toSorted()).toStrictEqual(config.allowedIPs?.toSorted())
          expect(`${peer?.endpoint?.host}:${peer?.endpoint?.port}`).toBe(config.endpoint)
        }
        if (traits.keepsPeerOrder) {
          expect(device.peers.map((peer) => peer.publicKey)).toStrictEqual(
            wanted.map((peer) => peer.publicKey),
          )
        }
      },
      timeout,
    )
  })

  describe('writing', () => {
    it('changes nothing that is absent', async () => {
      await configure({
        privateKey: privateKeyOf(1),
        listenPort: 51_821,
        firewallMark: 7,
        peers: samplePeers(3),
      })
      const before = sorted(await read())
      await configure({})
      await configure({ peers: [{ publicKey: publicKeyOf(1) }] })
      expect(sorted(await read())).toStrictEqual(before)

      await configure({
        firewallMark: 8,
        peers: [{ publicKey: publicKeyOf(1), persistentKeepalive: 9 }],
      })
      const peers = before.peers.map((peer) =>
        peer.publicKey === publicKeyOf(1) ? { ...peer, persistentKeepalive: 9 } : peer,
      )
      expect(sorted(await read())).toStrictEqual({ ...before, firewallMark: 8, peers })
    })

    itWithoutKey('clears keys with null, and the mark and the keepalive with 0', async () => {
      await configure({ privateKey: privateKeyOf(1), firewallMark: 7, peers: samplePeers(1) })
      await configure({
        privateKey: null,
        firewallMark: 0,
        peers: [{ publicKey: publicKeyOf(0), presharedKey: null, persistentKeepalive: 0 }],
      })
      const device = await read()
      expect(device).toMatchObject({ firewallMark: 0, peers: [{ persistentKeepalive: 0 }] })
      expect(device.privateKey).toBeUndefined()
      expect(device.publicKey).toBeUndefined()
      expect(device.peers[0]?.presharedKey).toBeUndefined()
    })

    it('takes keys as base64 text', async () => {
      await configure({
        privateKey: privateKeyOf(1).toBase64(),
        peers: [{ publicKey: publicKeyOf(1), presharedKey: presharedKeyOf(1).toBase64() }],
      })
      const device = await read()
      expect(device.privateKey?.equals(privateKeyOf(1))).toBe(told(true))
      expect(device.peers[0]?.presharedKey?.equals(presharedKeyOf(1))).toBe(true)
    })

    it('removes a peer, and ignores the removal of an unknown one', async () => {
      await configure({ peers: samplePeers(3) })
      await configure({
        peers: [
          { publicKey: publicKeyOf(1), remove: true },
          { publicKey: publicKeyOf(9), remove: true },
        ],
      })
      expect(keys(await read())).toStrictEqual([publicKeyOf(0), publicKeyOf(2)].toSorted())
    })

    it('updates a known peer only, with updateOnly', async () => {
      await configure({ peers: samplePeers(1) })
      await configure({
        peers: [
          { publicKey: publicKeyOf(0), updateOnly: true, persistentKeepalive: 77 },
          {
            publicKey: publicKeyOf(1),
            updateOnly: true,
            persistentKeepalive: 77,
            allowedIPs: ['10.9.9.9/32'],
          },
        ],
      })
      const device = await read()
      expect(keys(device)).toStrictEqual([publicKeyOf(0)])
      expect(device.peers[0]?.persistentKeepalive).toBe(77)
    })

    it('replaces all peers with replacePeers', async () => {
      await configure({ peers: samplePeers(3) })
      await configure({ replacePeers: true, peers: [{ publicKey: publicKeyOf(7) }] })
      expect(keys(await read())).toStrictEqual([publicKeyOf(7)])
      await configure({ replacePeers: true })
      expect(keys(await read())).toStrictEqual([])
    })

    it('makes the same device of a configuration that is written twice', async () => {
      const config = { privateKey: privateKeyOf(1), listenPort: 51_822, peers: samplePeers(5) }
      await configure(config)
      const once = sorted(await read())
      await configure(config)
      expect(sorted(await read())).toStrictEqual(once)
    })

    itWithoutKey('makes an equal device of toConfig(device)', async () => {
      await configure({
        privateKey: privateKeyOf(1),
        listenPort: 51_823,
        firewallMark: 3,
        peers: samplePeers(5),
      })
      const before = await read()
      await configure({ privateKey: null, firewallMark: 0, replacePeers: true })
      await configure(toConfig(before))
      expect(sorted(await read())).toStrictEqual(sorted(before))
    })

    it('ignores the own public key as a peer', async () => {
      const privateKey = privateKeyOf(1)
      await configure({
        privateKey,
        peers: [
          { publicKey: privateKey.publicKey(), persistentKeepalive: 5 },
          { publicKey: publicKeyOf(1) },
        ],
      })
      expect(keys(await read())).toStrictEqual([publicKeyOf(1)])
    })

    it('removes a peer with the new public key of the device', async () => {
      const privateKey = privateKeyOf(1)
      await configure({
        peers: [{ publicKey: privateKey.publicKey() }, { publicKey: publicKeyOf(1) }],
      })
      await configure({ privateKey })
      expect(keys(await read())).toStrictEqual([publicKeyOf(1)])
    })

    it('takes a public key of zeros, and one of low order', async () => {
      const zero = Buffer.alloc(32).toString('base64')
      const lowOrder = Buffer.from([1, ...Array.from({ length: 31 }, () => 0)]).toString('base64')
      await configure({ peers: [{ publicKey: zero }, { publicKey: lowOrder }] })
      expect(keys(await read())).toStrictEqual([zero, lowOrder].toSorted())
    })
  })
}

function keys(device: Device): string[] {
  return device.peers.map((peer) => peer.publicKey).toSorted()
}
