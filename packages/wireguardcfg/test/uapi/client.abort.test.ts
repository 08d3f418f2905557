import { describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { markChecked } from '../../src/backend/check.js'
import { UapiClient } from '../../src/uapi/client.js'
import { rejected } from '../model/faults.js'
import {
  listenRaw,
  type RawServer,
  type Script,
} from '../../../../test-fixtures/fakes/raw-server.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { until } from '../../../../test-fixtures/wait.js'
import { reply } from '../support/replies.js'

const LARGE = markChecked({
  peers: Array.from({ length: 10_000 }, (_, i) => ({
    publicKey: publicKeyOf(i),
  })),
})

/**
 * Timers, sockets and their requests. File requests end by themselves and come and go with the
 * test's own.
 */
function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((resource) => !/^(FSReq|Immediate|TickObject)/.test(resource))
}

async function nothingMoreThan(before: readonly string[]): Promise<void> {
  const more = (): string[] => {
    const known = [...before]
    return resources().filter((resource) => {
      const place = known.indexOf(resource)
      if (place >= 0) known.splice(place, 1)
      return place < 0
    })
  }
  // Less than the idle time of the calls, so that a timer that was left does not end in time.
  await until(() => more().length === 0, 'nothing is open', 2500).catch(() => {})
  expect(more()).toStrictEqual([])
}

interface Step {
  readonly name: string
  readonly script: Script
  readonly reached: (server: RawServer) => boolean
  readonly call: (client: UapiClient, signal: AbortSignal) => Promise<unknown>
}

const paused: Socket[] = []

const STEPS: readonly Step[] = [
  {
    name: 'connecting to read',
    script: ({ socket }) => void socket.resume(),
    reached: () => true,
    call: (client, signal) => client.device('wg0', { signal }),
  },
  {
    name: 'listing',
    script: ({ socket }) => void socket.resume(),
    reached: () => true,
    call: (client, signal) => client.deviceNames({ signal }),
  },
  {
    name: 'checking the configuration, or connecting to write',
    script: ({ socket }) => void socket.resume(),
    reached: () => true,
    call: (client, signal) => client.configureDevice('wg0', { listenPort: 1 }, { signal }),
  },
  {
    name: 'sending',
    script: ({ socket }) => void paused.push(socket.pause()),
    reached: ({ accepted }) => accepted === 1,
    call: (client, signal) => client.configureDevice('wg0', LARGE, { signal }),
  },
  {
    name: 'waiting for the answer to a read',
    script: async ({ request }) => void (await request()),
    reached: ({ requests }) => requests.length === 1,
    call: (client, signal) => client.device('wg0', { signal }),
  },
  {
    name: 'waiting for the answer to a write',
    script: async ({ request }) => void (await request()),
    reached: ({ requests }) => requests.length === 1,
    call: (client, signal) => client.configureDevice('wg0', { listenPort: 1 }, { signal }),
  },
  {
    name: 'reading the answer',
    script: async ({ socket, request }) => {
      await request()
      for (let i = 0; !socket.destroyed; i++) {
        if (!socket.write(`public_key=${i.toString(16).padStart(64, '0')}\n`)) {
          await Promise.race([once(socket, 'drain'), once(socket, 'close')])
        }
      }
    },
    reached: ({ requests }) => requests.length === 1,
    call: (client, signal) => client.device('wg0', { signal }),
  },
]

describe.each(STEPS)('while $name', ({ script, reached, call }) => {
  it.each(['an abort', 'close'])('%s ends the call, and leaves nothing open', async (how) => {
    paused.length = 0
    await using server = await listenRaw(script)
    // Everything that a first call loads is loaded, and the check has run once.
    await new UapiClient({ directory: '/nonexistent' }).configureDevice('wg0', {}).catch(() => {})
    const before = resources()
    const client = new UapiClient({ directory: server.directory })
    const controller = new AbortController()
    const reason = new Error('enough')
    const ended = rejected(call(client, controller.signal))
    await until(() => reached(server), 'the step is reached')
    if (how === 'close') await client.close()
    else controller.abort(reason)
    const expected =
      how === 'close'
        ? { name: 'WireGuardError', code: 'ECANCELED' }
        : { name: 'AbortError', code: 'ABORT_ERR', cause: reason }
    const error = await ended
    expect(error).toMatchObject(expected)
    expect(error.operation).toBeDefined()
    for (const socket of paused) socket.resume()
    await server.allClosed()
    await nothingMoreThan(before)
    if (how === 'close') {
      await expect(client.device('wg0')).rejects.toMatchObject({ code: 'EBADF', device: 'wg0' })
    }
  })
})

describe('an abort', () => {
  it('before the call opens no connection', async () => {
    await using server = await listenRaw(({ socket }) => void socket.resume())
    const client = new UapiClient({ directory: server.directory })
    const signal = AbortSignal.abort()
    for (const call of [
      client.device('wg0', { signal }),
      client.deviceNames({ signal }),
      client.configureDevice('wg0', {}, { signal }),
    ]) {
      await expect(call).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
    }
    expect(server.accepted).toBe(0)
  })

  it('after the call changes nothing', async () => {
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      socket.end(reply('listen_port=7'))
    })
    const controller = new AbortController()
    const device = await new UapiClient({ directory: server.directory }).device('wg0', {
      signal: controller.signal,
    })
    controller.abort()
    expect(device.listenPort).toBe(7)
  })

  it('by AbortSignal.timeout ends a call that still makes progress', async () => {
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      const timer = setInterval(() => socket.write('daita_x=1\n'), 5)
      socket.once('close', () => clearInterval(timer))
    })
    const call = new UapiClient({ directory: server.directory }).device('wg0', {
      signal: AbortSignal.timeout(80),
    })
    const error = await rejected(call)
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: { name: 'TimeoutError' } })
    await server.allClosed()
  })

  // From the first microtask to long after the reply.
  it('at any moment ends the call or comes too late, and leaves nothing open', async () => {
    await using server = await listenRaw(async ({ socket, request }) => {
      await request()
      socket.write(reply('listen_port=7'))
    })
    const client = new UapiClient({ directory: server.directory })
    const before = resources()
    let aborted = 0
    for (let moment = 0; moment < 60; moment++) {
      const controller = new AbortController()
      const call = client.device('wg0', { signal: controller.signal })
      const result = Promise.allSettled([call])
      if (moment % 2 === 0) for (let i = 0; i < moment; i++) await Promise.resolve()
      else for (let i = 0; i < moment; i += 6) await new Promise((next) => setImmediate(next))
      controller.abort()
      const [{ status, ...rest }] = await result
      if (status === 'fulfilled') expect(rest).toMatchObject({ value: { listenPort: 7 } })
      else expect(rest).toMatchObject({ reason: { code: 'ABORT_ERR' } })
      if (status === 'rejected') aborted++
    }
    expect(aborted).toBeGreaterThan(0)
    await server.allClosed()
    await nothingMoreThan(before)
  })
})
