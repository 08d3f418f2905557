import { describe, expect, it } from '@jest/globals'
import type { CallOptions, NamedDeviceConfig } from 'wireguardcfg'
import { caught } from '../../../../test-fixtures/caught.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { type ResolveConfigOptions, WireGuard } from '../../src/index.js'
import { commandFixture } from '../cli/fixture.js'

const publicKey = publicKeyOf(1)
const peer = { publicKey, endpoint: 'vpn.example:1' }
const config: NamedDeviceConfig = { peers: [peer] }
const text = `[Peer]\nPublicKey = ${publicKey}\nEndpoint = vpn.example:1\n`
const fixture = commandFixture()

type Options = CallOptions & { readonly resolve: ResolveConfigOptions }

const calls: Readonly<Record<string, (wg: WireGuard, options: Options) => Promise<unknown>>> = {
  syncDevice: (wg, options) => wg.syncDevice('wg0', config, options),
  replaceDevice: (wg, options) => wg.replaceDevice('wg0', config, options),
  setPeer: (wg, options) => wg.setPeer('wg0', peer, options),
  applyConf: (wg, options) =>
    wg.applyConf('wg0', text, { ...options, resolve: { ...options.resolve, onFailure: 'throw' } }),
  createDevice: (wg, options) => wg.createDevice('wg1', { ...options, config }),
}

describe.each(Object.keys(calls))('the lookups of %s', (name) => {
  const run = async (options: Options) => {
    await using wg = await WireGuard.open({
      socketDirectory: fixture.directory,
      backends: ['userspace'],
    })
    return await caught(calls[name]!(wg, options))
  }

  it.each([
    ['never answers', () => new Promise<string>(() => {})],
    ['fails again and again', () => Promise.reject(codeError('EAI_AGAIN'))],
  ])('end with the `timeout` of the call when the name server %s', async (_, lookup) => {
    const resolve = { lookup, retries: Infinity }
    const context = { operation: expect.any(String), code: 'ETIMEDOUT' }
    expect(await run({ resolve, timeout: 50 })).toMatchObject(context)
    expect((await fixture.device()).peers).toEqual([])
  })

  it.each(['the call', 'the lookups'])(
    'end with the signal of %s when both have one',
    async (which) => {
      const [ofCall, ofLookups] = [new AbortController(), new AbortController()]
      const lookup = () => {
        const controller = which === 'the call' ? ofCall : ofLookups
        controller.abort(new Error('enough'))
        return new Promise<string>(() => {})
      }
      const options = { resolve: { lookup, signal: ofLookups.signal }, signal: ofCall.signal }
      expect(await run(options)).toMatchObject({
        code: 'ABORT_ERR',
        operation: expect.any(String),
        cause: { message: 'enough' },
      })
      expect((await fixture.device()).peers).toEqual([])
    },
  )

  it('do not begin when a signal is already aborted', async () => {
    let lookups = 0
    const lookup = () => {
      lookups++
      return Promise.resolve('192.0.2.1')
    }
    const options = [
      { resolve: { lookup, signal: AbortSignal.abort() } },
      { resolve: { lookup }, signal: AbortSignal.abort() },
    ]
    for (const given of options) expect(await run(given)).toMatchObject({ code: 'ABORT_ERR' })
    expect(lookups).toBe(0)
  })
})

function codeError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
