import { describe, expect, it } from '@jest/globals'
import { resolveConfig } from '../../src/resolve/config.js'
import { resolveEndpoint } from '../../src/resolve/endpoints.js'
import { WireGuard } from '../../src/wireguard.js'
import { caught } from '../../../../test-fixtures/caught.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from '../cli/fixture.js'

const [A, B, C] = [publicKeyOf(1), publicKeyOf(2), publicKeyOf(3)]
const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
const lookup = (host: string) =>
  host === 'gone.example' ? Promise.reject(failure) : Promise.resolve('192.0.2.1')
const NAMED = {
  listenPort: 7,
  peers: [
    { publicKey: A, endpoint: 'vpn.example:1' },
    { publicKey: B, endpoint: { host: 'gone.example', port: 2 } },
    { publicKey: C, endpoint: '[2001:db8::3]:3' },
  ],
}

describe('resolveConfig', () => {
  it('puts addresses in the place of names, and tells which names failed', async () => {
    const { config, failures } = await resolveConfig(NAMED, { lookup })
    expect(config).toStrictEqual({
      listenPort: 7,
      peers: [
        { publicKey: A, endpoint: { host: '192.0.2.1', port: 1 } },
        { publicKey: B },
        { publicKey: C, endpoint: '[2001:db8::3]:3' },
      ],
    })
    expect(failures).toMatchObject([
      { publicKey: B, host: 'gone.example', port: 2, error: { code: 'ENOTFOUND', peer: B } },
    ])
  })

  it('takes undefined for an absent option', async () => {
    const { failures } = await resolveConfig(NAMED, { lookup, onFailure: undefined })
    expect(failures).toHaveLength(1)
  })

  it("rejects with onFailure: 'throw', and names the endpoint", async () => {
    await expect(resolveConfig(NAMED, { lookup, onFailure: 'throw' })).rejects.toMatchObject({
      code: 'ENOTFOUND',
      path: 'peers[1].endpoint',
      peer: B,
    })
  })

  it('rejects when the caller aborts, also when failures are kept', async () => {
    const signal = AbortSignal.abort()
    await expect(resolveConfig(NAMED, { lookup, signal })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    })
  })

  it.each([
    ['peers[0].endpoint', { peers: [{ publicKey: A, endpoint: 'vpn.example' }] }],
    ['peers', { peers: Object.assign([], { length: 2 ** 32 - 1 }) }],
  ])('refuses a wrong value at %s', async (path, config) => {
    expect(await caught(resolveConfig(config, { lookup }))).toMatchObject({ code: 'EINVAL', path })
  })
})

const both = () => Promise.resolve(['2001:db8::1', '192.0.2.1'])
const only6 = () => Promise.resolve('2001:db8::1')

describe('family', () => {
  it.each([
    [4, '192.0.2.1'],
    [6, '2001:db8::1'],
    ['auto', '2001:db8::1'],
  ] as const)('%s uses %s', async (family, host) => {
    await expect(resolveEndpoint('vpn.example:1', { lookup: both, family })).resolves.toEqual({
      host,
      port: 1,
    })
  })

  it('fails without an address of the family', async () => {
    await expect(
      resolveEndpoint('vpn.example:1', { lookup: only6, family: 4 }),
    ).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })

  it('and the signal are passed to the lookup', async () => {
    const { signal } = new AbortController()
    const told: unknown[] = []
    const telling = (_: string, options: unknown) => {
      told.push(options)
      return Promise.resolve('192.0.2.1')
    }
    await resolveEndpoint('vpn.example:1', { lookup: telling, family: 4, signal })
    expect(told).toStrictEqual([{ family: 4, signal }])
  })

  it('refuses any other', async () => {
    const options = JSON.parse('{"family": 5}')
    expect(await caught(resolveEndpoint('vpn.example:1', options))).toMatchObject({
      code: 'EINVAL',
      path: 'family',
    })
  })
})

describe('the option resolve', () => {
  const command = commandFixture()
  const open = () => WireGuard.open({ socketDirectory: command.directory, backends: ['userspace'] })

  it.each(['syncDevice', 'replaceDevice'] as const)('of %s takes names', async (method) => {
    await using wg = await open()
    const config = { peers: [{ publicKey: A, endpoint: 'vpn.example:1' }] }
    await expect(wg[method]('wg0', config)).rejects.toMatchObject({ code: 'EINVAL' })
    await wg[method]('wg0', config, { resolve: { lookup } })
    expect((await wg.device('wg0')).peers).toMatchObject([
      { publicKey: A, endpoint: { host: '192.0.2.1', port: 1 } },
    ])
  })

  it('changes nothing when a name fails', async () => {
    await using wg = await open()
    const before = await wg.device('wg0')
    await expect(wg.syncDevice('wg0', NAMED, { resolve: { lookup } })).rejects.toMatchObject({
      code: 'ENOTFOUND',
      operation: 'resolve endpoint',
      device: 'wg0',
    })
    expect(await wg.device('wg0')).toEqual(before)
  })

  it('has checked options', async () => {
    await using wg = await open()
    const resolve = JSON.parse('{"lookupp": 1}')
    await expect(wg.syncDevice('wg0', {}, { resolve })).rejects.toMatchObject({
      code: 'EINVAL',
      path: 'resolve.lookupp',
    })
  })
})
