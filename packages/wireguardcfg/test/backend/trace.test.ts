import { describe, expect, it, jest } from '@jest/globals'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { runCommand } from '../../../../test-fixtures/command.js'
import { listenTo } from '../../../../test-fixtures/traced.js'
import type { TracedCall } from '../../src/index.js'
import { traceMethods, tracedMethod } from '../../src/internal.js'

class Sample {
  static {
    traceMethods(this, 'UapiClient', ['mayHave'])
  }

  static open(): Promise<Sample> {
    return Promise.resolve(new Sample())
  }

  device(_name: string): Promise<object> {
    return Promise.resolve({ peers: [1, 2, 3], backend: 'kernel' })
  }

  configureDevice(_name: string, _config: unknown): Promise<void> {
    return Promise.resolve()
  }

  fail(_name: string): Promise<void> {
    return Promise.reject(Object.assign(new Error('no'), { code: 'ENODEV' }))
  }

  throwAtOnce(): Promise<void> {
    throw Object.assign(new Error('no'), { code: 'EINVAL' })
  }

  async *peers(_name: string): AsyncGenerator<readonly number[], void> {
    yield [1, 2]
    yield await Promise.resolve([3])
  }

  async *failingPeers(_name: string): AsyncGenerator<readonly number[], void> {
    yield [1]
    throw Object.assign(new Error('no'), { code: 'EAGAIN' })
  }

  mayHave(): boolean {
    return true
  }
}

const eventsOf = (heard: { events: (readonly [string, unknown])[] }): string[] =>
  heard.events.map(([event]) => event)

describe('a traced method', () => {
  it('publishes one object, which is complete at the end', async () => {
    using heard = listenTo<TracedCall>('call')
    const call = new Sample().device('wg0')
    expect(eventsOf(heard)).toStrictEqual(['start', 'end'])
    expect(heard.events[0]?.[1]).toMatchObject({ duration: undefined, code: undefined })
    await expect(call).resolves.toStrictEqual({ peers: [1, 2, 3], backend: 'kernel' })
    expect(eventsOf(heard)).toStrictEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(new Set(heard.events.map(([, traced]) => traced)).size).toBe(1)
    expect(heard.ended).toStrictEqual([
      {
        api: 'UapiClient',
        method: 'device',
        device: 'wg0',
        backend: 'userspace',
        peers: 3,
        startTime: expect.any(Number),
        duration: expect.any(Number),
        code: undefined,
        error: undefined,
      },
    ])
  })

  it.each([
    ['fails', () => new Sample().fail('wg0'), 'ENODEV', ['start', 'end', 'error']],
    ['throws at once', () => new Sample().throwAtOnce(), 'EINVAL', ['start', 'end', 'error']],
  ])('that %s has the code of the error', async (_, call, code, events) => {
    using heard = listenTo<TracedCall>('call')
    const error: unknown = await (async () => call())().catch((thrown: unknown) => thrown)
    expect(eventsOf(heard)).toStrictEqual([...events, 'asyncStart', 'asyncEnd'])
    expect(heard.ended).toMatchObject([{ code, error }])
  })

  it('throws at once whether anybody listens or not', () => {
    expect(() => new Sample().throwAtOnce()).toThrow('no')
    using _ = listenTo('call')
    expect(() => new Sample().throwAtOnce()).toThrow('no')
  })

  it('may be static, or of an object without a class', async () => {
    using heard = listenTo<TracedCall>('call')
    await Sample.open()
    await tracedMethod('OwnedDevice', 'delete', 'wg1', () => Promise.resolve())()
    expect(heard.ended).toMatchObject([
      { method: 'open', device: undefined },
      { api: 'OwnedDevice', method: 'delete', device: 'wg1' },
    ])
  })

  it.each([
    ['a configuration', { peers: [1, 2] }, 2],
    ['the options of createDevice', { config: { peers: [1] } }, 1],
    ['no peers', {}, undefined],
    ['text', 'x', undefined],
    ['nothing', undefined, undefined],
    ['a list', [{ peers: [1] }, { peers: [2, 3] }], 3],
    [
      'a field that throws',
      {
        get peers(): never {
          throw new Error('no')
        },
      },
      undefined,
    ],
  ])('counts the peers of %s', async (_, config, peers) => {
    using heard = listenTo<TracedCall>('call')
    await new Sample().configureDevice('wg0', config)
    expect(heard.ended[0]?.peers).toBe(peers)
  })

  it('hides what is no name', async () => {
    using heard = listenTo<TracedCall>('call')
    const key = Buffer.alloc(32, 'a key that nobody sees').toString('base64')
    await new Sample().device(key)
    await new Sample().device('x'.repeat(1000))
    await new Sample().device(7 as unknown as string)
    expect(heard.ended.map(({ device }) => device)).toStrictEqual([
      '(hidden)',
      '(too long for a name)',
      undefined,
    ])
  })

  it('keeps its name and the number of its parameters', () => {
    const { value } = Object.getOwnPropertyDescriptor(Sample.prototype, 'configureDevice')!
    expect(value).toHaveProperty('name', 'configureDevice')
    expect(value).toHaveLength(2)
  })

  it('cannot have arguments that would be lost', () => {
    class Wide {
      method(_a: unknown, _b: unknown, _c: unknown, _d: unknown): void {}
    }
    expect(() => traceMethods(Wide, 'UapiClient')).toThrow('too many arguments')
  })

  it('reads no clock when nobody listens', async () => {
    const now = jest.spyOn(performance, 'now')
    try {
      await new Sample().device('wg0')
      for await (const _ of new Sample().peers('wg0'));
      expect(now).not.toHaveBeenCalled()
      using _ = listenTo('call')
      await new Sample().device('wg0')
      expect(now).toHaveBeenCalledTimes(2)
    } finally {
      now.mockRestore()
    }
  })
})

describe('a traced stream', () => {
  it('ends with its last peers', async () => {
    using heard = listenTo<TracedCall>('call')
    const peers: unknown[] = []
    for await (const batch of new Sample().peers('wg0')) peers.push(...batch)
    expect(peers).toStrictEqual([1, 2, 3])
    expect(eventsOf(heard)).toStrictEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect(heard.ended).toMatchObject([{ method: 'peers', device: 'wg0', peers: 3 }])
  })

  it('ends when its consumer stops', async () => {
    using heard = listenTo<TracedCall>('call')
    for await (const _ of new Sample().peers('wg0')) break
    expect(heard.ended).toMatchObject([{ peers: 2, code: undefined }])
  })

  it('fails with its error', async () => {
    using heard = listenTo<TracedCall>('call')
    const peers = new Sample().failingPeers('wg0')
    await peers.next()
    await expect(peers.next()).rejects.toMatchObject({ code: 'EAGAIN' })
    expect(heard.ended).toMatchObject([{ peers: 1, code: 'EAGAIN' }])
  })
})

describe('subscribers', () => {
  it('can bind values to a call, which its steps see', async () => {
    const storage = new AsyncLocalStorage<TracedCall>()
    const { start } = tracingChannel<object, TracedCall>('wireguard:call')
    const seen: unknown[] = []
    const note = () => void seen.push(storage.getStore()?.method)
    class Noting {
      static {
        traceMethods(this, 'UapiClient')
      }

      async device(): Promise<void> {
        note()
        await Promise.resolve()
        note()
      }

      async *peers(): AsyncGenerator<unknown, void> {
        note()
        yield await Promise.resolve([])
        note()
      }
    }
    start.bindStore(storage, (traced) => traced)
    try {
      await new Noting().device()
      for await (const _ of new Noting().peers()) note()
    } finally {
      start.unbindStore(storage)
    }
    expect(seen).toStrictEqual(['device', 'device', 'peers', undefined, 'peers'])
  })

  it('that throw do not fail the call', async () => {
    const program = `
      import { tracingChannel } from 'node:diagnostics_channel'
      import { UapiClient } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url))}
      const fail = () => { throw new Error('of the subscriber') }
      tracingChannel('wireguard:call').subscribe({ start: fail, asyncEnd: fail })
      process.on('uncaughtException', ({ message }) => console.log('uncaught', message))
      console.log(await new UapiClient({ directory: '/nonexistent' }).deviceNames())`
    const node = [process.execPath, '--input-type=module', '--eval', program] as const
    const { stdout } = await runCommand(node)
    const uncaught = 'uncaught of the subscriber\n'
    expect(stdout.replaceAll(uncaught, '')).toBe('[]\n')
    expect(stdout.split(uncaught)).toHaveLength(3)
  })
})
