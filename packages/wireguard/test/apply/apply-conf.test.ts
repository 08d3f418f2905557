import { describe, expect, it } from '@jest/globals'
import { confFromDevice, formatConf, parseConf } from 'wireguardcfg/conf'
import { caught } from '../../../../test-fixtures/caught.js'
import { type Deferred, deferred } from '../../../../test-fixtures/deferred.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { until } from '../../../../test-fixtures/wait.js'
import {
  type ApplyConfOptions,
  type ApplyResult,
  type LookupOptions,
  WireGuard,
} from '../../src/index.js'
import { commandFixture } from '../cli/fixture.js'

const [A, B, C] = [publicKeyOf(1), publicKeyOf(2), publicKeyOf(3)]
const peer = (key: string, ...lines: readonly string[]) =>
  ['[Peer]', `PublicKey = ${key}`, ...lines, ''].join('\n')
const fixture = commandFixture()
const open = () => WireGuard.open({ socketDirectory: fixture.directory, backends: ['userspace'] })
const apply = async (text: string, options?: ApplyConfOptions): Promise<ApplyResult> => {
  await using wg = await open()
  return await wg.applyConf('wg0', text, options)
}
const peers = async () => (await fixture.device()).peers
const endpointOf = async (key: string) =>
  (await peers()).find(({ publicKey }) => publicKey === key)?.endpoint?.host
/** Lets a peer roam, as a packet from another address does. */
const roam = (publicKey: string, endpoint: string) =>
  fixture.client.configureDevice('wg0', { peers: [{ publicKey, updateOnly: true, endpoint }] })
const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
const lookup = (host: string) =>
  host === 'gone.example' ? Promise.reject(failure) : Promise.resolve('192.0.2.1')

/** A lookup whose names answer when the test says so. Those with `vpn` answer at once. */
function slowNames() {
  const answers = new Map<string, Deferred<string>>()
  const answerOf = (host: string) => {
    const answer = answers.get(host) ?? deferred<string>()
    answers.set(host, answer)
    return answer
  }
  const signals: (AbortSignal | undefined)[] = []
  return {
    signals,
    lookup: async (host: string, { signal }: LookupOptions) => {
      signals.push(signal)
      const address = host.startsWith('vpn') ? '192.0.2.1' : await answerOf(host).promise
      return address === '' ? await Promise.reject(failure) : address
    },
    answer: (host: string, address: string) => answerOf(host).resolve(address),
    fail: (host: string) => answerOf(host).resolve(''),
  }
}

describe('applyConf', () => {
  it('makes the device what the file says, with repeated keys merged', async () => {
    const text =
      `[Interface]\nAddress = 10.0.0.9/24\nListenPort = 7\n` +
      peer(A, 'AllowedIPs = 10.0.0.1') +
      peer(B, 'AllowedIPs = 10.0.0.2') +
      peer(A, 'PersistentKeepalive = 5', 'AllowedIPs = 10.0.0.3')
    await expect(apply(text)).resolves.toEqual({
      added: [A, B],
      updated: [],
      removed: [],
      unchanged: [],
      unresolved: [],
    })
    expect(await fixture.device()).toMatchObject({
      listenPort: 7,
      peers: [
        { publicKey: A, persistentKeepalive: 5, allowedIPs: ['10.0.0.3/32'] },
        { publicKey: B, allowedIPs: ['10.0.0.2/32'] },
      ],
    })
    await expect(apply(text)).resolves.toMatchObject({ unchanged: [A, B] })
  })

  it.each([
    ['sync', { added: [B], updated: [], removed: [A], unchanged: [] }, [B]],
    ['set', { added: [B], updated: [], removed: [A], unchanged: [] }, [B]],
    ['add', { added: [B], updated: [], removed: [], unchanged: [A] }, [A, B]],
  ] as const)(
    '%s: what happens to the peers that the file does not have',
    async (mode, result, left) => {
      await apply(peer(A))
      await expect(apply(peer(B), { mode })).resolves.toMatchObject(result)
      expect((await peers()).map(({ publicKey }) => publicKey)).toEqual(left)
    },
  )

  it('gives back the file of the device to the byte', async () => {
    await apply(
      `[Interface]\nListenPort = 7\n${peer(A, 'AllowedIPs = 10.0.0.1/32', 'Endpoint = 192.0.2.9:9')}`,
    )
    const text = formatConf(confFromDevice(await fixture.device()))
    await expect(apply(text)).resolves.toMatchObject({ unchanged: [A], updated: [] })
    expect(formatConf(confFromDevice(await fixture.device()))).toBe(text)
  })

  it('a name that fails keeps the endpoint, and holds no other up', async () => {
    await apply(peer(A, 'Endpoint = 192.0.2.8:8'))
    const text =
      peer(A, 'Endpoint = gone.example:1', 'PersistentKeepalive = 5') +
      peer(B, 'Endpoint = vpn.example:2')
    await expect(apply(text, { resolve: { lookup } })).resolves.toMatchObject({
      added: [B],
      updated: [A],
      unresolved: [{ publicKey: A, host: 'gone.example', port: 1, error: { code: 'ENOTFOUND' } }],
    })
    expect(await peers()).toMatchObject([
      { persistentKeepalive: 5, endpoint: { host: '192.0.2.8' } },
      { endpoint: { host: '192.0.2.1', port: 2 } },
    ])
  })

  it('a name that takes long holds nothing else up, and its endpoint follows', async () => {
    await apply(peer(A, 'Endpoint = 192.0.2.8:8'))
    const text =
      peer(A, 'Endpoint = slow.example:1') +
      peer(B, 'Endpoint = vpn.example:2') +
      peer(C, 'Endpoint = never.example:3')
    await using wg = await open()
    const slow = slowNames()
    const applied = wg.applyConf('wg0', text, { resolve: { lookup: slow.lookup } })
    await until(async () => (await endpointOf(B)) === '192.0.2.1')
    expect(await endpointOf(A)).toBe('192.0.2.8')
    slow.answer('slow.example', '192.0.2.5')
    await until(async () => (await endpointOf(A)) === '192.0.2.5')
    slow.fail('never.example')
    await expect(applied).resolves.toEqual({
      added: [B, C],
      updated: [A],
      removed: [],
      unchanged: [],
      unresolved: [expect.objectContaining({ publicKey: C, host: 'never.example' })],
    })
    // It is remembered as written: a peer that roams now keeps its endpoint.
    await roam(A, '192.0.2.99:99')
    await wg.applyConf('wg0', peer(A, 'Endpoint = 192.0.2.5:1'))
    expect(await endpointOf(A)).toBe('192.0.2.99')
  })

  it.each(['set', 'add'] as const)('%s: an endpoint that comes late is written', async (mode) => {
    await apply(peer(A, 'Endpoint = 192.0.2.8:8'))
    const slow = slowNames()
    const text = peer(A, 'Endpoint = slow.example:1', 'PersistentKeepalive = 7')
    const applied = apply(text, { mode, resolve: { lookup: slow.lookup } })
    await until(async () => (await peers())[0]?.persistentKeepalive === 7)
    slow.answer('slow.example', '192.0.2.5')
    await applied
    expect(await endpointOf(A)).toBe('192.0.2.5')
  })

  it('a late name of an earlier section does not replace the endpoint of a later one', async () => {
    const slow = slowNames()
    const text = peer(A, 'Endpoint = slow.example:1') + peer(A, 'Endpoint = 192.0.2.7:7')
    const applied = apply(text, { resolve: { lookup: slow.lookup } })
    await until(async () => (await endpointOf(A)) === '192.0.2.7')
    slow.answer('slow.example', '192.0.2.5')
    await applied
    expect(await endpointOf(A)).toBe('192.0.2.7')
  })

  it('a peer that roamed meanwhile keeps its endpoint, and one that was removed stays away', async () => {
    const [named, other] = [
      peer(A, 'Endpoint = slow.example:1'),
      peer(B, 'Endpoint = slow.example:2'),
    ]
    await apply(peer(A, 'Endpoint = 192.0.2.5:1'))
    const slow = slowNames()
    const previous = peer(A, 'Endpoint = slow.example:1')
    const applied = apply(named + other, { previous, resolve: { lookup: slow.lookup } })
    await until(async () => (await peers()).length === 2)
    await roam(A, '192.0.2.99:99')
    await fixture.client.configureDevice('wg0', { peers: [{ publicKey: B, remove: true }] })
    slow.answer('slow.example', '192.0.2.5')
    await applied
    expect(await peers()).toMatchObject([{ publicKey: A, endpoint: { host: '192.0.2.99' } }])
  })

  it.each([
    ['its time is over', { timeout: 600 }, 'ETIMEDOUT'],
    ['it is aborted', {}, 'ABORT_ERR'],
  ])('says how much was applied when %s while a name takes long', async (_, options, code) => {
    const controller = new AbortController()
    const slow = slowNames()
    const text = peer(A, 'Endpoint = slow.example:1') + peer(B)
    const applied = apply(text, {
      resolve: { lookup: slow.lookup },
      signal: controller.signal,
      ...options,
    })
    const failed = caught(applied)
    await until(async () => (await peers()).length === 2)
    if (code === 'ABORT_ERR') controller.abort()
    expect(await failed).toMatchObject({ code, device: 'wg0', applied: 2 })
    // The lookups of the call have ended with it.
    expect(slow.signals.every((signal) => signal?.aborted)).toBe(true)
  })

  it('takes undefined for absent options of lookups', async () => {
    const lookups: string[] = []
    const again = (host: string) => {
      lookups.push(host)
      return Promise.reject(Object.assign(new Error('later'), { code: 'EAI_AGAIN' }))
    }
    const absent = { retries: undefined, onFailure: undefined, signal: undefined }
    const resolve = { lookup: again, ...absent }
    await expect(apply(peer(A, 'Endpoint = vpn.example:1'), { resolve })).resolves.toMatchObject({
      unresolved: [{ publicKey: A }],
    })
    expect(lookups).toHaveLength(1)
  })

  it('a name that fails keeps the endpoint also when an earlier section has another one', async () => {
    await apply(peer(A, 'Endpoint = 192.0.2.8:8'))
    const text = peer(A, 'Endpoint = 192.0.2.7:7') + peer(A, 'Endpoint = gone.example:1')
    await apply(text, { resolve: { lookup }, mode: 'add' })
    expect(await endpointOf(A)).toBe('192.0.2.8')
  })

  it("changes nothing when a name fails with onFailure: 'throw'", async () => {
    const text = peer(A, 'Endpoint = gone.example:1')
    await expect(apply(text, { resolve: { lookup, onFailure: 'throw' } })).rejects.toMatchObject({
      code: 'ENOTFOUND',
      device: 'wg0',
    })
    expect(await peers()).toEqual([])
  })

  it('looks nothing up with resolve: false', async () => {
    await apply(peer(A, 'Endpoint = gone.example:1'), { resolve: false })
    expect(await endpointOf(A)).toBeUndefined()
  })

  it('leaves out unknown keys only if told so', async () => {
    const text = `[Interface]\nJc = 4\n${peer(A)}`
    expect(await caught(apply(text))).toMatchObject({ code: 'EINVAL', problem: { line: 2 } })
    expect(await peers()).toEqual([])
    await expect(apply(text, { unknownKeys: 'ignore' })).resolves.toMatchObject({ added: [A] })
  })

  it.each([
    [{ mode: 'replace' }, 'mode'],
    [{ resolve: 1 }, 'resolve'],
    [{ resolve: { retrys: 1 } }, 'resolve.retrys'],
    [{ previous: 1 }, 'previous'],
    [{ unknownKeys: true }, 'unknownKeys'],
  ])('refuses the options %j', async (options, path) => {
    expect(await caught(apply(peer(A), JSON.parse(JSON.stringify(options))))).toMatchObject({
      code: 'EINVAL',
      path,
      device: 'wg0',
    })
    expect(await peers()).toEqual([])
  })

  it.each([null, 7, {}, []])('refuses %j as a file', async (file) => {
    await using wg = await open()
    const given: string = JSON.parse(JSON.stringify(file))
    expect(await caught(wg.applyConf('wg0', given))).toMatchObject({
      code: 'EINVAL',
      path: 'conf',
      device: 'wg0',
    })
  })
})

describe('a peer that has roamed', () => {
  const first = peer(A, 'Endpoint = 192.0.2.1:1')
  const moved = peer(A, 'Endpoint = 192.0.2.2:2')

  it('keeps its endpoint until the file names another one', async () => {
    await using wg = await open()
    await wg.applyConf('wg0', first)
    await roam(A, '192.0.2.99:99')
    await wg.applyConf('wg0', first)
    expect(await endpointOf(A)).toBe('192.0.2.99')
    await wg.applyConf('wg0', moved)
    expect(await endpointOf(A)).toBe('192.0.2.2')
  })

  it('keeps it also after a file without an endpoint', async () => {
    await using wg = await open()
    await wg.applyConf('wg0', first)
    await roam(A, '192.0.2.99:99')
    await wg.applyConf('wg0', peer(A))
    await wg.applyConf('wg0', first)
    expect(await endpointOf(A)).toBe('192.0.2.99')
  })

  it('is a new one after it was removed', async () => {
    await using wg = await open()
    await wg.applyConf('wg0', first)
    await wg.applyConf('wg0', peer(B))
    await wg.applyConf('wg0', peer(A), { mode: 'add' })
    await roam(A, '192.0.2.99:99')
    await wg.applyConf('wg0', first)
    expect(await endpointOf(A)).toBe('192.0.2.1')
  })

  it.each([
    ['the same address', first, '192.0.2.99'],
    ['another address', moved, '192.0.2.1'],
    ['no endpoint', peer(A), '192.0.2.1'],
  ])('and `previous`, a file with %s', async (_, previous, host) => {
    await apply(first)
    await roam(A, '192.0.2.99:99')
    await apply(first, { previous: parseConf(previous) })
    expect(await endpointOf(A)).toBe(host)
  })

  it('and a name in `previous`, which is the same endpoint as in the file', async () => {
    const named = peer(A, 'Endpoint = vpn.example:1')
    await apply(named, { resolve: { lookup } })
    await roam(A, '192.0.2.99:99')
    await apply(named, { resolve: { lookup }, previous: named })
    expect(await endpointOf(A)).toBe('192.0.2.99')
  })
})
