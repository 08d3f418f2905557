import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { formatEndpoint, type WireGuardError } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { deferred } from '../../../../test-fixtures/deferred.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { turns, until } from '../../../../test-fixtures/wait.js'
import { type KeepOptions, type Lookup, WireGuard } from '../../src/index.js'

const [A, B] = [publicKeyOf(1), publicKeyOf(2)]
const LONG_AGO = () => new Date(Date.now() - 3_600_000)
const names = (...keys: readonly string[]) =>
  keys.map((publicKey) => ({ publicKey, host: 'vpn.example', port: 51820 }))

describe('keepEndpoints', () => {
  let directory: TemporaryDirectory
  let server: UapiServer
  let wg: WireGuard
  let updates: string[]
  let errors: string[]
  let lookups: string[]
  const lookup: Lookup = async (host) => {
    lookups.push(host)
    return '192.0.2.1'
  }
  const keep = (endpoints: Parameters<WireGuard['keepEndpoints']>[1], options: KeepOptions = {}) =>
    wg.keepEndpoints('wg0', endpoints, {
      lookup,
      onUpdate: ({ host, before, after }) => {
        const from = before === undefined ? 'none' : formatEndpoint(before)
        updates.push(`${host} ${from} ${formatEndpoint(after)}`)
      },
      onError: (error: WireGuardError) => {
        errors.push(`${error.code} ${error.device}`)
      },
      ...options,
    })
  const endpointOf = (key: string) =>
    server.device().peers.find(({ publicKey }) => publicKey === key)?.endpoint?.host

  beforeEach(async () => {
    ;[updates, errors, lookups] = [[], [], []]
    directory = await temporaryDirectory()
    server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
    const peers = [A, B].map((publicKey) => ({ publicKey, endpoint: '198.51.100.9:9' }))
    await wg.configureDevice('wg0', { peers })
    server.setPeer(A, { lastHandshake: LONG_AGO() })
    server.setPeer(B, { lastHandshake: new Date() })
  })
  afterEach(async () => {
    await wg.close()
    await server.close()
    await directory[Symbol.asyncDispose]()
  })

  it('moves a stale peer to the address of its name, and leaves a live one alone', async () => {
    await using keeper = keep(names(A, B))
    await until(() => updates.length === 1)
    expect(updates).toEqual(['vpn.example 198.51.100.9:9 192.0.2.1:51820'])
    expect([endpointOf(A), endpointOf(B)]).toEqual(['192.0.2.1', '198.51.100.9'])
    expect([lookups, errors]).toEqual([['vpn.example'], []])
    await keeper.close()
  })

  it('looks nothing up for peers that are live, and for addresses', async () => {
    const text = `[Peer]\nPublicKey = ${A}\nEndpoint = 192.0.2.7:1\n[Peer]\nPublicKey = ${B}\nEndpoint = vpn.example:51820\n`
    await using keeper = keep(text)
    const watcher = wg.watch({ interval: 1 })
    for (let i = 0; i < 4; i++) await watcher.next()
    expect([updates, lookups]).toEqual([[], []])
    await watcher.return()
    await keeper.close()
  })

  it('looks a name up once for all its peers', async () => {
    server.setPeer(B, { lastHandshake: LONG_AGO() })
    await using keeper = keep(names(A, B))
    await until(() => updates.length === 2)
    expect(lookups).toEqual(['vpn.example'])
    await keeper.close()
  })

  it('keeps the address of a name that fails, tells it once, and goes on', async () => {
    const gone = Object.assign(new Error('gone'), { code: 'ENOTFOUND' })
    await using keeper = keep(names(A), { lookup: () => Promise.reject(gone) })
    await until(() => errors.length === 1)
    expect(errors).toEqual(['ENOTFOUND wg0'])
    expect([endpointOf(A), updates]).toEqual(['198.51.100.9', []])
    await keeper.close()
  })

  it.each(['not an address', 'fe80::1%nowhere%', ''])('writes no lie: %j', async (lie) => {
    await using keeper = keep(names(A), { lookup: async () => lie })
    await until(() => errors.length === 1)
    expect([endpointOf(A), updates]).toEqual(['198.51.100.9', []])
    await keeper.close()
  })

  it('leaves a peer alone that came back while its name was looked up', async () => {
    const answer = deferred<string>()
    const waiting: Lookup = async (host) => {
      lookups.push(host)
      return await answer.promise
    }
    await using keeper = keep(names(A), { lookup: waiting })
    const watcher = wg.watch({ interval: 1 })
    await until(() => lookups.length === 1)
    await watcher.next()
    server.setPeer(A, { lastHandshake: new Date() })
    for await (const { type } of watcher) if (type === 'handshake') break
    answer.resolve('192.0.2.1')
    await turns(20)
    expect([endpointOf(A), updates]).toEqual(['198.51.100.9', []])
    await keeper.close()
  })

  it('goes on with other names while one hangs, and ends all the same', async () => {
    server.setPeer(B, { lastHandshake: LONG_AGO() })
    let wasAborted = false
    const hanging: Lookup = (host, options) => {
      if (host !== 'hangs.example') return lookup(host, options)
      options.signal?.addEventListener('abort', () => {
        wasAborted = true
      })
      return new Promise(() => {})
    }
    const [hangs] = names(A).map((name) => ({ ...name, host: 'hangs.example' }))
    await using keeper = keep([hangs!, ...names(B)], { lookup: hanging })
    await until(() => updates.length === 1)
    expect([endpointOf(A), endpointOf(B)]).toEqual(['198.51.100.9', '192.0.2.1'])
    await keeper.close()
    expect(wasAborted).toBe(true)
    expect(errors).toEqual([])
  })

  it('does not bring back a peer that was removed', async () => {
    const answer = deferred<string>()
    await using keeper = keep(names(A), {
      lookup: async () => {
        await wg.removePeer('wg0', A)
        return await answer.promise
      },
    })
    await until(() => endpointOf(A) === undefined)
    answer.resolve('192.0.2.1')
    await turns(20)
    expect(server.device().peers).toHaveLength(1)
    await keeper.close()
  })

  it.each(['close', 'the signal', 'the end of its WireGuard'])('ends with %s', async (how) => {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const keeper = keep(names(A), {
      signal: controller.signal,
      lookup: async (_, options) => {
        signal = options.signal
        return await new Promise<string>(() => {})
      },
    })
    await until(() => signal !== undefined)
    if (how === 'close') await keeper.close()
    else if (how === 'the signal') controller.abort()
    else await wg.close()
    expect(signal!.aborted).toBe(true)
    await keeper.close()
    expect(errors).toEqual([])
  })

  it.each([
    [[{ publicKey: 'x', host: 'a', port: 1 }], {}, 'endpoints[0]'],
    [[{ publicKey: A, host: 'a', port: 70_000 }], {}, 'endpoints[0]'],
    [[{ publicKey: A, host: 'a b', port: 1 }], {}, 'endpoints[0]'],
    [[null], {}, 'endpoints[0]'],
    [7, {}, 'endpoints'],
    [[], { staleAfter: -1 }, 'staleAfter'],
    [[], { stale: 1 }, 'stale'],
    [[], { family: 5 }, 'family'],
  ])('refuses %j with %j', (endpoints, options, path) => {
    let error: unknown
    try {
      wg.keepEndpoints(
        'wg0',
        JSON.parse(JSON.stringify(endpoints)),
        JSON.parse(JSON.stringify(options)),
      )
    } catch (caught) {
      error = caught
    }
    expect(error).toMatchObject({ code: 'EINVAL' })
    expect(`${String(error)} ${String((error as WireGuardError).path)}`).toContain(path)
  })
})
