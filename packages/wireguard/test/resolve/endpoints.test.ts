import { describe, expect, it } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { resolveEndpoint, resolveEndpoints } from '../../src/resolve/endpoints.js'
import { nextDelay, type ResolveOptions } from '../../src/resolve/lookup.js'
import { until } from '../../../../test-fixtures/wait.js'
import { inspect } from 'node:util'
import { caught } from '../../../../test-fixtures/caught.js'
import { mangledKeys, shows } from '../../../../test-fixtures/mangled-keys.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'

const failure = (code: string) => Object.assign(new Error(code), { code })
const never = () => Promise.reject(new Error('looked up'))
const pending = () => new Promise<string>(() => {})
const again = () => Promise.reject(failure('EAI_AGAIN'))
const vpn = (host: string) => Promise.resolve(host === 'vpn.example' ? '2001:DB8::0:1' : '')

describe('resolveEndpoint', () => {
  it.each(mangledKeys(privateKeyOf(7).bytes()))(
    'does not look up a name that may be a key: %s',
    async (_, mangled) => {
      const asked: string[] = []
      const lookup = (host: string) => {
        asked.push(host)
        return Promise.resolve('192.0.2.1')
      }
      for (const host of [mangled.text, `${mangled.text}.example.com`]) {
        const error = await caught(resolveEndpoint({ host, port: 1 }, { lookup }))
        expect(error).toMatchObject({ code: 'EINVAL' })
        expect(shows(inspect(error), mangled)).toBe(false)
      }
      expect(asked).toStrictEqual([])
    },
  )

  it.each([
    ['192.0.2.1:51820', { host: '192.0.2.1', port: 51820 }],
    ['[2001:db8::1]:1', { host: '2001:db8::1', port: 1 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
    [
      { host: '2001:DB8:0::1', port: 0 },
      { host: '2001:db8::1', port: 0 },
    ],
  ])('returns a literal without a lookup: %j', async (endpoint, expected) => {
    await expect(resolveEndpoint(endpoint, { lookup: never })).resolves.toStrictEqual(expected)
  })

  it('looks a name up, with the address in canonical text', async () => {
    await expect(resolveEndpoint('vpn.example:51820', { lookup: vpn })).resolves.toStrictEqual({
      host: '2001:db8::1',
      port: 51820,
    })
  })

  it('asks the system by default', async () => {
    await expect(resolveEndpoint({ host: 'localhost', port: 9 })).resolves.toMatchObject({
      host: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      port: 9,
    })
  })

  it.each(['ENOTFOUND', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'])(
    'fails at once after %s',
    async (code) => {
      let lookups = 0
      const cause = failure(code)
      const lookup = () => {
        lookups++
        return Promise.reject(cause)
      }
      const resolving = resolveEndpoint('vpn.example:1', { lookup, retries: Infinity })
      await expect(resolving).rejects.toMatchObject({
        name: 'WireGuardError',
        code,
        cause,
        message: expect.stringContaining('vpn.example'),
      })
      expect(lookups).toBe(1)
    },
  )

  it('retries after a temporary failure, as often as the options allow', async () => {
    const retries: unknown[] = []
    let lookups = 0
    const lookup = () => {
      lookups++
      return lookups < 2 ? Promise.reject(failure('EAI_AGAIN')) : Promise.resolve('192.0.2.1')
    }
    const onRetry = (retry: unknown) => retries.push(retry)
    const options = { lookup, onRetry, retries: 1 }
    await expect(resolveEndpoint('vpn.example:1', options)).resolves.toMatchObject({ port: 1 })
    expect(retries).toMatchObject([
      { host: 'vpn.example', port: 1, delay: 1000, error: { code: 'EAI_AGAIN' } },
    ])
  })

  it('fails at once without retries', async () => {
    const resolving = resolveEndpoint('vpn.example:1', { lookup: again, retries: 0 })
    await expect(resolving).rejects.toMatchObject({ code: 'EAI_AGAIN' })
  })

  it.each([
    ['before it starts', (abort: () => void) => abort()],
    ['during a lookup', (abort: () => void) => setImmediate(abort)],
  ])('ends when it is aborted %s', async (_, when) => {
    const controller = new AbortController()
    const reason = new Error('enough')
    when(() => controller.abort(reason))
    const resolving = resolveEndpoint('vpn.example:1', {
      lookup: pending,
      signal: controller.signal,
    })
    await expect(resolving).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: reason,
    })
  })

  it.each([
    ['retries', { retries: NaN }],
    ['retries', { retries: -1 }],
    ['retries', { retries: '5' }],
    ['signal', { signal: {} }],
  ])('refuses a %s that is none, before the lookup: %p', async (name, options) => {
    await expect(
      resolveEndpoint('vpn.example:1', { lookup: never, ...options } as ResolveOptions),
    ).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringContaining(name) })
  })

  it('leaves one listener on a signal for any number of lookups and pauses, then none', async () => {
    const controller = new AbortController()
    const { signal } = controller
    let retries = 0
    const both = [pending, again].flatMap((lookup) =>
      Array.from({ length: 50 }, (_, i) =>
        resolveEndpoint(`vpn${i}.example:1`, { lookup, signal, onRetry: () => void retries++ }),
      ),
    )
    const settled = Promise.allSettled(both)
    await until(() => retries === 50, 'every pause has begun')
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    controller.abort()
    await settled
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('ends when it is aborted in a pause', async () => {
    const controller = new AbortController()
    const onRetry = () => void setImmediate(() => controller.abort())
    const options = { lookup: again, onRetry, signal: controller.signal }
    await expect(resolveEndpoint('vpn.example:1', options)).rejects.toMatchObject({
      code: 'ABORT_ERR',
    })
  })

  it.each([
    ['no port', 'vpn.example'],
    ['IPv6 without brackets', '2001:db8::1:1'],
    ['a port that is too large', 'vpn.example:65536'],
    ['a name with a space', 'vpn example:1'],
    ['an unfinished bracket', '[::1:1'],
    ['nothing', ''],
  ])('refuses %s', async (_, text) => {
    await expect(resolveEndpoint(text, { lookup: never })).rejects.toMatchObject({ code: 'EINVAL' })
  })

  it('waits as long as wg does: a second, then 1.2 times as long, 20 seconds at most', () => {
    const delays = [1000]
    while (delays.length < 19) delays.push(nextDelay(delays.at(-1)!))
    // As wg(8) prints them.
    expect(delays.map((delay) => (delay / 1000).toFixed(2))).toStrictEqual(
      '1.00 1.20 1.44 1.73 2.07 2.49 2.99 3.58 4.30 5.16 6.19 7.43 8.92 10.70 12.84 15.41 18.49 20.00 20.00'.split(
        ' ',
      ),
    )
  })
})

describe('resolveEndpoints', () => {
  it('reports a failure for its peer, returns the others, and looks each name up once', async () => {
    const asked: string[] = []
    const lookup = (host: string) => {
      asked.push(host)
      return host === 'bad.example' ? Promise.reject(failure('ENOTFOUND')) : Promise.resolve('::1')
    }
    const resolutions = await resolveEndpoints(
      [
        { host: 'good.example', port: 1, publicKey: 'a' },
        { host: 'bad.example', port: 2, publicKey: 'b' },
        { host: '192.0.2.1', port: 3 },
        { host: 'good.example', port: 1, publicKey: 'c' },
        { host: 'bad.example', port: 2, publicKey: 'd' },
        { host: 'x', port: 70_000, publicKey: 'e' },
      ],
      { lookup },
    )
    expect(resolutions).toMatchObject([
      { endpoint: { host: '::1', port: 1 } },
      { error: { code: 'ENOTFOUND', peer: 'b' } },
      { endpoint: { host: '192.0.2.1', port: 3 } },
      { endpoint: { host: '::1', port: 1 } },
      { error: { code: 'ENOTFOUND', peer: 'd' } },
      { error: { code: 'EINVAL', peer: 'e' } },
    ])
    expect(asked).toStrictEqual(['good.example', 'bad.example'])
  })
})
