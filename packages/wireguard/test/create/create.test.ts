import { describe, expect, it } from '@jest/globals'
import { describeWith, hasNamespaces } from '../../../../test-fixtures/require.js'
import { WireGuard } from '../../src/index.js'
import { asNobody, CODES_OF_ALL_METHODS } from '../support/nobody.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'

describe('createDevice', () => {
  const secret = privateKeyOf(1).toBase64()

  it.each<[string, object, string | undefined]>([
    ['an option that does not exist', { adresses: [] }, 'adresses'],
    ['an option whose name is a secret', { [secret]: true }, 'an option'],
    ['a backend that does not exist', { backend: 'kernal' }, 'backend'],
    ['ifExists that is not known', { ifExists: 'ignore' }, 'ifExists'],
    ['an address without numbers', { addresses: ['10.7.0.1/24', 'wg0'] }, 'addresses[1]'],
    ['an address with a long prefix', { addresses: ['10.7.0.1/33'] }, 'addresses[0]'],
    ['an address that is none', { addresses: [7] }, 'addresses[0]'],
    ['addresses that are no list', { addresses: '10.7.0.1/24' }, 'addresses'],
    ['a mtu of nothing', { mtu: 0 }, 'mtu'],
    ['half a mtu', { mtu: 1420.5 }, 'mtu'],
    ['up that is not a boolean', { up: 'yes' }, 'up'],
    ['a port out of range', { config: { listenPort: 65_536 } }, 'listenPort'],
    [
      'a misspelt field',
      { config: { peers: [{ publicKey: '', allowedIps: [] }] } },
      'peers[0].allowedIps',
    ],
    ['no idle timeout', { idleTimeout: -1 }, undefined],
  ])('refuses %s before anything is created', async (_, options, path) => {
    await using wg = await WireGuard.open({ socketDirectory: '/nonexistent/wireguard' })
    const creating = wg.createDevice('wg0', options)
    await expect(creating).rejects.toMatchObject({ code: 'EINVAL', path, device: 'wg0' })
    await expect(creating).rejects.toThrow(expect.not.stringContaining(secret))
  })

  it.each([
    ['of 16 bytes', 'wg34567890123456'],
    ['with a template', 'wg%d'],
    ['with a slash', '../wg0'],
    ['without a letter', ''],
    ['that is an option of programs', '-V'],
    ['that is a long option of programs', '--version'],
  ])('refuses a name %s', async (_, name) => {
    await using wg = await WireGuard.open({ backends: ['userspace'] })
    for (const backend of ['auto', 'kernel', 'userspace'] as const) {
      const creating = wg.createDevice(name, { backend })
      await expect(creating).rejects.toMatchObject({ code: 'EINVAL', device: name })
    }
  })

  it('creates nothing when the signal is already aborted', async () => {
    await using wg = await WireGuard.open()
    const reason = new Error('enough')
    const creating = wg.createDevice('wg0', { signal: AbortSignal.abort(reason) })
    await expect(creating).rejects.toMatchObject({ code: 'ABORT_ERR', cause: reason })
  })

  it.each(['kernel', 'userspace'] as const)('needs the %s backend for it', async (backend) => {
    await using wg = await WireGuard.open({ backends: [] })
    await expect(wg.createDevice('wgnone', { backend })).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      hint: expect.stringContaining(backend),
    })
  })

  it('reports that it is closed', async () => {
    const wg = await WireGuard.open()
    await wg.close()
    await expect(wg.createDevice('wgclosed')).rejects.toMatchObject({ code: 'EBADF' })
    await expect(wg.link('lo')).rejects.toMatchObject({ code: 'EBADF' })
    await expect(wg.deleteDevice('wgclosed')).rejects.toMatchObject({ code: 'EBADF' })
  })
})

describeWith(hasNamespaces, 'interfaces', () => {
  it('of any kind can be read and changed', async () => {
    await using namespace = await TestNamespace.create()
    await namespace.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    await using wg = await WireGuard.open({ netns: namespace.pid })
    expect(await wg.link('lo')).toMatchObject({ name: 'lo', kind: undefined, up: false })
    await wg.setLink('br0', { up: true, mtu: 1400 })
    expect(await wg.link('br0')).toMatchObject({ kind: 'bridge', up: true, mtu: 1400 })
    await wg.addAddress('br0', '10.7.0.1/24')
    await wg.addAddress('br0', 'fd00:7::1')
    expect(await wg.addresses('br0')).toStrictEqual(
      expect.arrayContaining(['10.7.0.1/24', 'fd00:7::1/128']),
    )
    await wg.removeAddress('br0', '10.7.0.1/24')
    const again = wg.removeAddress('br0', '10.7.0.1/24')
    await expect(again).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
    await expect(wg.deleteDevice('br0')).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    await expect(wg.deleteDevice('lo')).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await namespace.links()).toStrictEqual(['br0'])
  })

  it('cannot be changed without privileges, and every method reports what is missing', async () => {
    await using namespace = await TestNamespace.create()
    await namespace.run('ip', 'link', 'add', 'br0', 'type', 'bridge')
    const options = `{ socketDirectory: '/nonexistent/wireguard' }`
    const body = CODES_OF_ALL_METHODS.replaceAll('NAME', `'br0'`).replace('OPTIONS', options)
    const denied = ['EPERM', expect.stringMatching(/CAP_(?:NET_ADMIN|SYS_PTRACE)/)]
    expect(await asNobody(body, 'nsenter', `--net=${namespace.path}`)).toMatchObject({
      deleteDevice: ['EOPNOTSUPP', expect.any(String)],
      setLink: denied,
      addAddress: denied,
      createDevice: denied,
      link: 'none',
      addresses: 'none',
      deviceNames: 'none',
      netns: denied,
    })
  })
})
