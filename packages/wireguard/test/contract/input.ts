import { describe, expect, it } from '@jest/globals'
import { inspect } from 'node:util'
import type { Backend, CallOptions, DeviceConfig } from 'wireguardcfg'
import {
  presharedKeyOf,
  privateKeyOf,
  publicKeyOf,
  samplePeers,
  sorted,
} from '../../../../test-fixtures/sample.js'
import type { Context } from './subject.js'

async function firstBatch(
  backend: Backend,
  device: string,
  options: CallOptions,
): Promise<unknown> {
  return await backend.peerBatches!(device, options)[Symbol.asyncIterator]().next()
}

/** Bad input gets a clear error and changes nothing. */
export function describeInput({ subject, read }: Context): void {
  const publicKey = publicKeyOf(1)
  const peer = (fields: object): DeviceConfig => ({ peers: [{ publicKey, ...fields }] })
  const secret = privateKeyOf(9).toBase64()

  describe('bad input', () => {
    it.each<[string, unknown, string | undefined]>([
      ['a key of 43 characters', { privateKey: secret.slice(1) }, 'privateKey'],
      ['a key of 45 characters', { privateKey: `A${secret}` }, 'privateKey'],
      ['a key in hexadecimal', { privateKey: privateKeyOf(9).toHex() }, 'privateKey'],
      ['a redacted key', { privateKey: '(hidden)' }, 'privateKey'],
      ['a private key of zeros', { privateKey: `${'A'.repeat(43)}=` }, 'privateKey'],
      [
        'base64 that is not canonical',
        peer({ presharedKey: `${'A'.repeat(42)}B=` }),
        'peers[0].presharedKey',
      ],
      [
        'a public key with a newline',
        { peers: [{ publicKey: `${publicKey}\n` }] },
        'peers[0].publicKey',
      ],
      ['no public key', { peers: [{}] }, 'peers[0].publicKey'],
      ['port 70000', { listenPort: 70_000 }, 'listenPort'],
      ['port -1', { listenPort: -1 }, 'listenPort'],
      ['port 1.5', { listenPort: 1.5 }, 'listenPort'],
      ['port NaN', { listenPort: Number.NaN }, 'listenPort'],
      ['a port as text', { listenPort: '51820' }, 'listenPort'],
      ['a mark of 33 bits', { firewallMark: 2 ** 32 }, 'firewallMark'],
      [
        'a keepalive of 65536',
        peer({ persistentKeepalive: 65_536 }),
        'peers[0].persistentKeepalive',
      ],
      ['allowedIps', peer({ allowedIps: [] }), 'peers[0].allowedIps'],
      [
        'a prefix length of 33',
        peer({ allowedIPs: ['10.0.0.0/32', '10.0.0.0/33'] }),
        'peers[0].allowedIPs[1]',
      ],
      [
        'a newline in an allowed IP',
        peer({ allowedIPs: ['10.0.0.1/32\nreplace_peers=true'] }),
        'peers[0].allowedIPs[0]',
      ],
      [
        'an allowed IP added and removed',
        peer({ allowedIPs: ['10.0.0.1/32'], removeAllowedIPs: ['10.0.0.1'] }),
        'peers[0].removeAllowedIPs[0]',
      ],
      ['a name as endpoint', peer({ endpoint: 'vpn.example.com:51820' }), 'peers[0].endpoint'],
      ['an endpoint port of 70000', peer({ endpoint: '192.0.2.1:70000' }), 'peers[0].endpoint'],
      [
        'a newline in a zone',
        peer({ endpoint: { host: 'fe80::1%a\nb', port: 1 } }),
        'peers[0].endpoint',
      ],
      ['one key twice', { peers: [{ publicKey }, { publicKey }] }, 'peers[1].publicKey'],
      ['null', null, undefined],
    ])('changes nothing: %s', async (_, config, path) => {
      const { backend, device } = subject()
      await backend.configureDevice(device, { firewallMark: 5, peers: samplePeers(2) })
      const before = sorted(await read())
      const bad = Object.assign(
        Object.create(null),
        { firewallMark: 6, replacePeers: true },
        config,
      ) as DeviceConfig
      const error = await backend
        .configureDevice(device, config === null ? (config as unknown as DeviceConfig) : bad)
        .then(
          () => undefined,
          (reason: unknown) => reason,
        )
      expect(error).toMatchObject({ name: 'WireGuardError', code: 'EINVAL', device, path })
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret.slice(2, 30))
      expect(sorted(await read())).toStrictEqual(before)
    })

    it.each([
      ['empty', ''],
      ['of 16 bytes', 'wg-0123456789abc'],
      ['that leaves the directory', '../x'],
      ['with a slash', 'a/b'],
      ['with a NUL', 'wg\0'],
      ['that is a directory', '..'],
      ['with a newline', 'wg0\n'],
    ])('is refused: a name %s', async (_, name) => {
      const { backend } = subject()
      await expect(backend.device(name)).rejects.toMatchObject({ code: 'EINVAL' })
      await expect(backend.configureDevice(name, {})).rejects.toMatchObject({ code: 'EINVAL' })
    })

    it.each<[string, unknown]>([
      ...['idleTimeout', 'timeout'].flatMap((name) =>
        [-1, NaN, Infinity, 2 ** 31, '5', null, 5n, [], Symbol('x')].map(
          (value): [string, unknown] => [name, { [name]: value }],
        ),
      ),
      ['signal', { signal: {} }],
      ['signal', { signal: null }],
      ['options', null],
      ['options', 5000],
    ])('is refused, and changes nothing: %s of the call as %p', async (name, value) => {
      const { backend, device } = subject()
      const options = value as CallOptions
      const refused = { name: 'WireGuardError', code: 'EINVAL' }
      const message: unknown = expect.stringContaining(name)
      await expect(backend.device(device, options)).rejects.toMatchObject({ ...refused, message })
      await expect(backend.deviceNames(options)).rejects.toMatchObject(refused)
      await expect(
        backend.configureDevice(device, { firewallMark: 9 }, options),
      ).rejects.toMatchObject(refused)
      await expect(firstBatch(backend, device, options)).rejects.toMatchObject(refused)
      expect((await read()).firewallMark).toBe(0)
    })

    it('reports ENODEV for a name that no interface has', async () => {
      const { backend } = subject()
      await expect(backend.device('wgabsent')).rejects.toMatchObject({
        code: 'ENODEV',
        device: 'wgabsent',
        operation: 'read device',
      })
      await expect(backend.configureDevice('wgabsent', {})).rejects.toMatchObject({
        code: 'ENODEV',
        device: 'wgabsent',
        operation: 'configure device',
      })
    })

    it('shows no secret of a device', async () => {
      const { backend, device } = subject()
      await backend.configureDevice(device, {
        privateKey: secret,
        peers: [{ publicKey, presharedKey: presharedKeyOf(1) }],
      })
      const found = await read()
      const text = `${inspect(found, { depth: 9, showHidden: true })}${JSON.stringify(found)}`
      expect(text).toContain('(hidden)')
      for (const key of [privateKeyOf(9), presharedKeyOf(1)]) {
        expect(text).not.toContain(key.toBase64())
        expect(text).not.toContain(key.toHex())
      }
    })
  })
}
