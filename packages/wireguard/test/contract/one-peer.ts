import { describe, expect, it } from '@jest/globals'
import { privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { findPeer, WireGuard } from '../../src/index.js'
import type { Context } from './subject.js'

const [A, B, C] = [publicKeyOf(1), publicKeyOf(2), publicKeyOf(3)]

/** The methods of the facade that change one peer. */
export function describeOnePeer({ subject, read, configure }: Context): void {
  const open = async () => WireGuard.open({ backends: [await subject().open()] })
  const two = [
    { publicKey: A, allowedIPs: ['10.0.0.1/32', 'fd00::1/128'], persistentKeepalive: 25 },
    { publicKey: B, allowedIPs: ['10.0.0.2/32'] },
  ]

  describe('one peer', () => {
    it('is added, changed in part, found and removed', async () => {
      await configure({ peers: two })
      await using wg = await open()
      const { device } = subject()
      await wg.setPeer(device, { publicKey: C, allowedIPs: ['10.0.0.3'] })
      await wg.setPeer(device, { publicKey: C, persistentKeepalive: 5 })
      expect(findPeer(await read(), C)).toMatchObject({
        allowedIPs: ['10.0.0.3/32'],
        persistentKeepalive: 5,
      })
      await wg.removePeer(device, C)
      await wg.removePeer(device, C)
      expect(findPeer(await read(), C)).toBeUndefined()
      expect((await read()).peers).toHaveLength(2)
    })

    it('gets the address of a name', async () => {
      await using wg = await open()
      const peer = { publicKey: A, endpoint: 'vpn.example.com:51820' }
      await wg.setPeer(subject().device, peer, {
        resolve: { lookup: () => Promise.resolve('192.0.2.7') },
      })
      expect(findPeer(await read(), A)?.endpoint).toEqual({ host: '192.0.2.7', port: 51_820 })
    })

    it('is suspended and resumed, with all else as it was', async () => {
      await configure({ peers: two })
      await using wg = await open()
      const { device } = subject()
      const suspended = await wg.suspendPeer(device, A)
      expect([...suspended.allowedIPs].toSorted()).toEqual(['10.0.0.1/32', 'fd00::1/128'])
      expect(findPeer(await read(), A)).toMatchObject({ allowedIPs: [], persistentKeepalive: 25 })
      expect(findPeer(await read(), B)).toMatchObject({ allowedIPs: ['10.0.0.2/32'] })
      await wg.resumePeer(device, suspended)
      const { allowedIPs } = findPeer(await read(), A)!
      expect([...allowedIPs].toSorted()).toEqual(['10.0.0.1/32', 'fd00::1/128'])
    })

    it('is not resumed with what another peer has now', async () => {
      await configure({ peers: two })
      await using wg = await open()
      const { device } = subject()
      const suspended = await wg.suspendPeer(device, A)
      await wg.setPeer(device, { publicKey: B, allowedIPs: ['10.0.0.1/32'] })
      const error = await caught(() => wg.resumePeer(device, suspended))
      expect(error).toMatchObject({ code: 'EEXIST', operation: 'resume peer', peer: B })
      expect(findPeer(await read(), A)?.allowedIPs).toEqual([])
    })

    it.each<[string, (wg: WireGuard, device: string) => Promise<unknown>, object]>([
      [
        'a field of a peer',
        (wg, name) => wg.setPeer(name, { publicKey: A, allowedIPs: ['10.0.0.1', 'x'] }),
        { operation: 'set peer', path: 'allowedIPs[1]' },
      ],
      [
        'a name without resolve',
        (wg, name) => wg.setPeer(name, { publicKey: A, endpoint: 'vpn.example.com:1' }),
        { operation: 'set peer', path: 'endpoint' },
      ],
      ['a peer', (wg, name) => wg.setPeer(name, null as never), { operation: 'set peer' }],
      [
        'a key to remove',
        (wg, name) => wg.removePeer(name, privateKeyOf(1).toBase64().slice(1)),
        { operation: 'remove peer', path: 'publicKey' },
      ],
      ['a key to suspend', (wg, name) => wg.suspendPeer(name, 'x'), { path: 'publicKey' }],
      ['what to resume', (wg, name) => wg.resumePeer(name, null as never), {}],
      [
        'a key to resume',
        (wg, name) => wg.resumePeer(name, { publicKey: 'x', allowedIPs: [] }),
        { operation: 'resume peer', path: 'publicKey' },
      ],
      [
        'an allowed IP to resume',
        (wg, name) => wg.resumePeer(name, { publicKey: A, allowedIPs: ['10.0.0.1', 'x'] }),
        { operation: 'resume peer', path: 'allowedIPs[1]' },
      ],
    ])('refuses %s that is not valid, and changes nothing', async (_, call, fault) => {
      await configure({ peers: two })
      await using wg = await open()
      const error = await caught(() => call(wg, subject().device))
      expect(error).toMatchObject({ code: 'EINVAL', ...fault })
      expect(error.message).not.toContain('peers[')
      expect((await read()).peers).toHaveLength(2)
    })

    it('is missing: suspending and resuming say so', async () => {
      await using wg = await open()
      const { device } = subject()
      const fault = { code: 'ENOENT', peer: A, device }
      await expect(wg.suspendPeer(device, A)).rejects.toMatchObject(fault)
      const resumed = wg.resumePeer(device, { publicKey: A, allowedIPs: ['10.0.0.1/32'] })
      await expect(resumed).rejects.toMatchObject(fault)
      expect((await read()).peers).toEqual([])
    })
  })
}
