import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { getEventListeners } from 'node:events'
import { until } from '../../../../test-fixtures/wait.js'
import { AttributeWriter } from '../../src/netlink/attribute-writer.js'
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
} from '../../src/netlink/constants.js'
import { exchangeDeadline } from '../../src/netlink/deadline.js'
import { NetlinkError, syscallError } from '../../src/netlink/errors.js'
import { MalformedMessageError } from '../../src/netlink/malformed.js'
import type { Message } from '../../src/netlink/message.js'
import { nextTurn } from 'wireguardcfg/internal'
import type { Connection } from '../../src/netlink/connection.js'
import { WriterGate } from '../../src/netlink/writer-gate.js'
import { deferred } from '../../../../test-fixtures/deferred.js'
import {
  ack,
  connect,
  cut,
  done,
  errorAck,
  foreign,
  type Handler,
  join,
  multipart,
  reply,
  stale,
} from '../../../../test-fixtures/fakes/kernel.js'

const TYPE = 0x17
const BODY = Uint8Array.of(1, 2, 3, 4)
const payloads = Array.from({ length: 20 }, (_, index) => Uint8Array.of(index, 0, 0, 0))
const silent: Handler = () => []
const firstByte = (message: Message) => message.bytes[message.start]!

/** The first send in a thread begins on request. */
function heldSend() {
  const { promise, resolve } = deferred()
  let sends = 0
  return { beforeSend: () => (sends++ === 0 ? promise : Promise.resolve()), release: resolve }
}

afterEach(() => void jest.useRealTimers())

/** Time stands still from now on, but the event loop turns. */
function fakeTimers() {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate', 'nextTick'] })
}

/** Lets a number of milliseconds pass, one by one. */
async function advance(time: number) {
  for (let passed = 0; passed < time; passed += 1) {
    jest.advanceTimersByTime(1)
    await nextTurn()
  }
}

async function collectFrom(connection: Connection): Promise<number[]> {
  const seen: number[] = []
  await connection.dump(TYPE, BODY, (message) => seen.push(firstByte(message)))
  return seen
}

async function collect(handler: Handler) {
  const { connection, kernels } = connect(handler)
  const seen: number[] = []
  const outcome = await connection.dump(TYPE, BODY, (message) => seen.push(firstByte(message)))
  return { seen, outcome, kernels }
}

describe('Connection.request', () => {
  it('sends the message and resolves with its acknowledgement', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    await expect(connection.request(TYPE, 0x400, BODY)).resolves.toMatchObject({
      interrupted: false,
    })
    expect(kernels[0]!.requests).toMatchObject([
      { type: TYPE, flags: NLM_F_REQUEST | NLM_F_ACK | 0x400, sequence: 1, payload: BODY },
    ])
  })

  it('opens its socket when it first needs one, and uses it again', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    expect(kernels).toEqual([])
    for (let count = 0; count < 3; count += 1) await connection.request(TYPE, 0, BODY)
    expect(kernels).toHaveLength(1)
    expect(kernels[0]!.requests.map((request) => request.sequence)).toEqual([1, 2, 3])
  })

  it.each<[string, (message: Uint8Array, end: Uint8Array) => Uint8Array[]]>([
    ['in datagrams of their own', (message, end) => [message, end]],
    ['in one datagram', (message, end) => [join(message, end)]],
    ['after a stale acknowledgement', (message, end) => [stale(end), message, end]],
    [
      'after one for another socket',
      (message, end) => [join(foreign(message), foreign(end)), message, end],
    ],
  ])('passes on an answer and its acknowledgement %s', async (_, arrange) => {
    const { connection } = connect((request) => arrange(reply(request, BODY), ack(request)))
    const seen: number[] = []
    await connection.request(TYPE, 0, BODY, {
      onMessage: (message) => seen.push(firstByte(message)),
    })
    expect(seen).toEqual([1])
  })

  it('rejects with the errno and the explanation of the kernel, and keeps the socket', async () => {
    const attributes = new AttributeWriter().string(1, 'no such thing').bytes()
    const { connection, kernels } = connect((request) =>
      request.sequence === 1 ? [errorAck(request, 19, attributes)] : [ack(request)],
    )
    await expect(connection.request(TYPE, 0, BODY, { operation: 'do it' })).rejects.toMatchObject({
      code: 'ENODEV',
      message: 'do it: ENODEV, no such device (no such thing)',
    })
    await connection.request(TYPE, 0, BODY)
    expect(kernels).toHaveLength(1)
  })

  it('waits for a late answer', async () => {
    const { connection } = connect((request) => [reply(request, BODY), ack(request)], { delay: 12 })
    await expect(connection.request(TYPE, 0, BODY)).resolves.toBeDefined()
  })

  it.each<[string, Handler]>([
    ['nothing', silent],
    ['answers to others', (request) => [stale(ack(request)), foreign(ack(request))]],
    ['an answer without acknowledgement', (request) => [reply(request, BODY)]],
  ])(
    'rejects with ETIMEDOUT when there is %s, and then opens another socket',
    async (_, handler) => {
      let broken = true
      const { connection, kernels } = connect((request) =>
        broken ? handler(request) : [ack(request)],
      )
      await expect(connection.request(TYPE, 0, BODY, { idleTimeout: 20 })).rejects.toMatchObject({
        code: 'ETIMEDOUT',
      })
      expect(kernels[0]!.closed).toBe(true)
      broken = false
      await expect(connection.request(TYPE, 0, BODY)).resolves.toBeDefined()
      expect(kernels).toHaveLength(2)
    },
  )

  it('sends nothing when the signal is already aborted', async () => {
    const { connection, kernels } = connect((request) => [ack(request)])
    const signal = AbortSignal.abort()
    await expect(connection.request(TYPE, 0, BODY, { signal })).rejects.toMatchObject({
      code: 'ABORT_ERR',
    })
    expect(kernels).toEqual([])
  })

  it('rejects when the signal is aborted while it waits, and leaves no listener', async () => {
    const { connection, kernels } = connect(silent)
    const controller = new AbortController()
    const { signal } = controller
    const request = connection.request(TYPE, 0, BODY, { signal, idleTimeout: 0 })
    await until(() => kernels[0]?.requests.length === 1)
    controller.abort('enough')
    await expect(request).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'enough' })
    expect(kernels[0]!.closed).toBe(true)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('leaves no listener at a signal that was not aborted', async () => {
    const { connection } = connect((request) => [ack(request)])
    const { signal } = new AbortController()
    await connection.request(TYPE, 0, BODY, { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('rejects at once when it is aborted in the queue, sends nothing, and lets the next one through', async () => {
    const { connection, kernels } = connect((request) =>
      request.type === TYPE ? [] : [ack(request)],
    )
    const controller = new AbortController()
    const first = connection.request(TYPE, 0, BODY, { idleTimeout: 50 })
    const second = connection.request(TYPE + 1, 0, BODY, { signal: controller.signal })
    const third = connection.request(TYPE + 2, 0, BODY)
    await nextTurn()
    controller.abort()
    const order: string[] = []
    await Promise.all([
      first.catch((error: { code: string }) => order.push(error.code)),
      second.catch((error: { code: string }) => order.push(error.code)),
      third.then(() => order.push('third')),
    ])
    expect(order).toEqual(['ABORT_ERR', 'ETIMEDOUT', 'third'])
    const requests = kernels.flatMap((kernel) => kernel.requests)
    expect(requests.map((request) => request.type)).toEqual([TYPE, TYPE + 2])
  })

  it('keeps 64 concurrent requests apart', async () => {
    const { connection, kernels } = connect((request) => [
      reply(request, request.payload),
      ack(request),
    ])
    const echo = async (value: number) => {
      let seen: number | undefined
      await connection.request(TYPE, 0, Uint8Array.of(value, 0, 0, 0), {
        onMessage: (message) => (seen = firstByte(message)),
      })
      return seen
    }
    const values = Array.from({ length: 64 }, (_, index) => index)
    expect(await Promise.all(values.map(echo))).toEqual(values)
    expect(kernels).toHaveLength(1)
  })

  it('rejects with a failed system call, and then opens another socket', async () => {
    const { connection, kernels } = connect((request) => {
      if (request.sequence === 1) throw syscallError(90, 'send')
      return [ack(request)]
    })
    await expect(connection.request(TYPE, 0, BODY)).rejects.toMatchObject({
      code: 'EMSGSIZE',
      kind: 'syscall',
    })
    await connection.request(TYPE, 0, BODY)
    expect(kernels.map((kernel) => kernel.closed)).toEqual([true, false])
  })

  it('continues after a socket could not be opened', async () => {
    let fail = true
    const { connection } = connect((request) => [ack(request)], {
      get portId() {
        if (fail) throw syscallError(24, 'open netlink socket')
        return 5
      },
    })
    await expect(connection.request(TYPE, 0, BODY)).rejects.toMatchObject({ code: 'EMFILE' })
    fail = false
    await expect(connection.request(TYPE, 0, BODY)).resolves.toBeDefined()
  })

  it('lets the event loop turn during many requests that are answered at once', async () => {
    const { connection } = connect((request) => [ack(request)])
    const loop = { turns: 0 }
    const count = () => {
      loop.turns += 1
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    for (let request = 0; request < 20_000 && loop.turns < 3; request += 1) {
      await connection.request(TYPE, 0, BODY)
    }
    clearImmediate(timer)
    expect(loop.turns).toBe(3)
  })
})

describe('Connection.request through a thread', () => {
  it.each(['writer', 'deletion'] as const)(
    'resolves with the acknowledgement: %s',
    async (send) => {
      const { connection, kernels } = connect((request) => [ack(request)])
      await expect(connection.request(TYPE, 0, BODY, { send })).resolves.toBeDefined()
      expect(kernels[0]!.requests).toMatchObject([{ payload: BODY }])
    },
  )

  it.each([
    ['writer', true],
    ['deletion', false],
  ] as const)('makes other connections wait during the send: %s, %p', async (send, waits) => {
    const gate = new WriterGate()
    const { beforeSend, release } = heldSend()
    const writer = connect((request) => [ack(request)], { gate, beforeSend })
    const reader = connect((request) => multipart(request, payloads), { gate })
    const write = writer.connection.request(TYPE, 0, BODY, { send })
    await nextTurn()
    const read = reader.connection.dump(TYPE, BODY, () => {})
    if (!waits) await read
    for (let turn = 0; turn < 20; turn += 1) await nextTurn()
    expect(reader.kernels.flatMap(({ requests }) => requests)).toHaveLength(waits ? 0 : 1)
    release()
    await Promise.all([write, read])
  })

  it('lets no call of the event loop wait for a lock while a deletion runs', async () => {
    const gate = new WriterGate()
    const { beforeSend, release } = heldSend()
    const deleter = connect((request) => [ack(request)], { gate, beforeSend })
    const reader = connect((request) => multipart(request, payloads), { gate })
    const getter = connect((request) => [ack(request)], { gate })
    const deletion = deleter.connection.request(TYPE, 0, BODY, { send: 'deletion' })
    await nextTurn()
    // Dumps take the lock with every part, other requests when they are sent.
    const [seen] = await Promise.all([
      collectFrom(reader.connection),
      getter.connection.request(TYPE, 0, BODY),
    ])
    expect(seen).toHaveLength(20)
    expect(new Set(reader.kernels[0]!.calls)).toEqual(new Set(['sendAsync', 'receiveAsync']))
    expect(getter.kernels[0]!.calls).toEqual(['sendAsync', 'receive'])
    release()
    await deletion
    expect(await collectFrom(reader.connection)).toHaveLength(20)
    expect(reader.kernels[0]!.calls.at(-1)).toBe('receive')
  })

  it('rejects at once when it is aborted, closes the socket after the send, and accepts the next request before that', async () => {
    const { beforeSend, release } = heldSend()
    const { connection, kernels } = connect((request) => [ack(request)], { beforeSend })
    const controller = new AbortController()
    const request = connection.request(TYPE, 0, BODY, {
      send: 'deletion',
      signal: controller.signal,
    })
    await nextTurn()
    controller.abort()
    await expect(request).rejects.toMatchObject({ code: 'ABORT_ERR' })
    await connection.request(TYPE, 0, BODY)
    expect(kernels.map((kernel) => kernel.closed)).toEqual([false, false])
    const closed = connection.close()
    release()
    await closed
    expect(kernels.map((kernel) => kernel.closed)).toEqual([true, true])
  })

  it('is never sent when it is aborted while it waits for another writer', async () => {
    const gate = new WriterGate()
    const { beforeSend, release } = heldSend()
    const first = connect((request) => [ack(request)], { gate, beforeSend })
    const second = connect((request) => [ack(request)], { gate })
    const controller = new AbortController()
    const one = first.connection.request(TYPE, 0, BODY, { send: 'writer' })
    const two = second.connection.request(TYPE, 0, BODY, {
      send: 'writer',
      signal: controller.signal,
    })
    await nextTurn()
    controller.abort()
    await expect(two).rejects.toMatchObject({ code: 'ABORT_ERR' })
    release()
    await one
    await gate.run(exchangeDeadline({ idleTimeout: 0, timeout: 0 }), 'write', async () => {})
    expect(second.kernels[0]!.requests).toEqual([])
  })
})

describe('Connection.dump', () => {
  it('passes on every message until the DONE', async () => {
    const { seen, outcome, kernels } = await collect((request) => multipart(request, payloads))
    expect(seen).toEqual(payloads.map((payload) => payload[0]))
    expect(outcome).toMatchObject({ interrupted: false, filtered: false })
    expect(kernels[0]!.requests[0]!.flags).toBe(NLM_F_REQUEST | NLM_F_DUMP)
  })

  it('reads many messages in one datagram', async () => {
    const { seen } = await collect((request) => [join(...multipart(request, payloads))])
    expect(seen).toHaveLength(20)
  })

  it('reports an interruption', async () => {
    const { outcome } = await collect((request) => [
      reply(request, BODY, { flags: NLM_F_DUMP_INTR }),
      ...multipart(request, payloads),
    ])
    expect(outcome.interrupted).toBe(true)
  })

  it.each<[string, Handler, string]>([
    ['an ERROR before any data', (request) => [errorAck(request, 95)], 'EOPNOTSUPP'],
    [
      'an ERROR instead of a DONE',
      (request) => [reply(request, BODY), errorAck(request, 16)],
      'EBUSY',
    ],
    ['a DONE with an errno', (request) => [reply(request, BODY), done(request, 22)], 'EINVAL'],
  ])('rejects with the errno of %s, and keeps the socket', async (_, handler, code) => {
    const { connection, kernels } = connect(handler)
    await expect(connection.dump(TYPE, BODY, () => {})).rejects.toMatchObject({ code })
    expect(kernels[0]!.closed).toBe(false)
  })

  it.each<[string, Handler]>([
    ['a datagram that is cut', (request) => [cut(reply(request, BODY), 18)]],
    ['a header that is cut', (request) => [cut(reply(request, BODY), 3)]],
  ])('rejects %s, and closes the socket', async (_, handler) => {
    const { connection, kernels } = connect(handler)
    await expect(connection.dump(TYPE, BODY, () => {})).rejects.toBeInstanceOf(
      MalformedMessageError,
    )
    expect(kernels[0]!.closed).toBe(true)
  })

  it('rejects with ETIMEDOUT when the DONE never comes', async () => {
    const { connection, kernels } = connect((request) => multipart(request, payloads).slice(0, -1))
    const dump = connection.dump(TYPE, BODY, () => {}, { idleTimeout: 20 })
    await expect(dump).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(kernels[0]!.closed).toBe(true)
  })

  it('ends with the error of the callback, and closes the socket', async () => {
    const { connection, kernels } = connect((request) => multipart(request, payloads))
    const dump = connection.dump(TYPE, BODY, () => {
      throw new Error('enough')
    })
    await expect(dump).rejects.toThrow('enough')
    expect(kernels[0]!.closed).toBe(true)
  })

  it('zeroes the received and the sent bytes', async () => {
    const kept: Uint8Array[] = []
    const { connection } = connect((request) => [join(...multipart(request, [BODY]))])
    await connection.dump(TYPE, BODY, (message) => kept.push(message.bytes))
    expect(kept).toHaveLength(1)
    expect(kept[0]!.every((byte) => byte === 0)).toBe(true)
  })
})

describe('Connection.messages', () => {
  it('zeroes the received bytes when the consumer stops', async () => {
    const { connection } = connect((request) => multipart(request, [BODY]))
    let kept: Uint8Array | undefined
    for await (const message of connection.messages(TYPE, BODY)) {
      kept = message.bytes
      break
    }
    expect(kept!.length).toBeGreaterThan(0)
    expect(kept!.every((byte) => byte === 0)).toBe(true)
  })

  it('yields every message and returns the outcome', async () => {
    const { connection } = connect((request) => multipart(request, payloads))
    const messages = connection.messages(TYPE, BODY)
    const seen: number[] = []
    let step = await messages.next()
    for (; step.done !== true; step = await messages.next()) seen.push(firstByte(step.value))
    expect(seen).toHaveLength(20)
    expect(step.value).toMatchObject({ interrupted: false })
  })

  it('closes the socket when the consumer stops, and the connection opens another', async () => {
    const { connection, kernels } = connect((request) => multipart(request, payloads))
    for await (const message of connection.messages(TYPE, BODY)) {
      expect(firstByte(message)).toBe(0)
      break
    }
    expect(kernels[0]!.closed).toBe(true)
    await connection.dump(TYPE, BODY, () => {})
    expect(kernels).toHaveLength(2)
  })

  it('closes the socket of a consumer that stalls, and reports that when it asks for more', async () => {
    const { connection, kernels } = connect((request) => [join(...multipart(request, payloads))])
    const messages = connection.messages(TYPE, BODY, { idleTimeout: 20 })
    await messages.next()
    await until(() => kernels[0]!.closed)
    await expect(messages.next()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('does not block the connection for a consumer that never asks for more', async () => {
    const { connection, kernels } = connect((request) => multipart(request, payloads))
    const { signal } = new AbortController()
    await connection.messages(TYPE, BODY, { idleTimeout: 20, signal }).next()
    await connection.dump(TYPE, BODY, () => {})
    expect(kernels.map((kernel) => kernel.closed)).toEqual([true, false])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('gives a consumer the whole idle time for each message', async () => {
    const { connection } = connect((request) => [join(...multipart(request, payloads.slice(0, 8)))])
    fakeTimers()
    let count = 0
    for await (const _ of connection.messages(TYPE, BODY, { idleTimeout: 100 })) {
      count += 1
      await advance(99)
    }
    expect(count).toBe(8)
  })

  it('closes the socket at once when the signal is aborted between two messages', async () => {
    const { connection, kernels } = connect((request) => multipart(request, payloads))
    const controller = new AbortController()
    const messages = connection.messages(TYPE, BODY, { signal: controller.signal })
    await messages.next()
    controller.abort()
    await nextTurn()
    expect(kernels[0]!.closed).toBe(true)
    await expect(messages.next()).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })
})

describe('an exchange that waits for the previous one', () => {
  it('does not time out while the previous one receives datagrams, however long it takes', async () => {
    // Each comes after 8 turns of the event loop, and 15 ms.
    const { connection } = connect((request) => multipart(request, payloads), { delay: 12 })
    fakeTimers()
    const begin = performance.now()
    const ends: number[] = []
    const dumps = [1, 2].map(async () => {
      await connection.dump(TYPE, BODY, () => {}, { idleTimeout: 100 })
      ends.push(performance.now() - begin)
    })
    const both = Promise.all(dumps)
    while (jest.getTimerCount() > 0) await advance(10)
    await both
    expect(ends[0]).toBeGreaterThan(200)
    expect(ends[1]).toBeGreaterThan(400)
  })

  it('times out after its own idle time when the previous one is stuck, and sends nothing', async () => {
    const { connection, kernels } = connect(silent)
    const stuck = connection.request(TYPE, 0, BODY, { idleTimeout: 0 }).catch(() => 'closed')
    const waiting = connection.request(TYPE + 1, 0, BODY, { idleTimeout: 20 })
    await expect(waiting).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    expect(kernels[0]!.closed).toBe(false)
    expect(kernels[0]!.requests.map(({ type }) => type)).toEqual([TYPE])
    await connection.close()
    await expect(stuck).resolves.toBe('closed')
  })
})

describe('exchanges with one deadline', () => {
  it('end with it, also the running one, and do not dispose of it', async () => {
    const { connection, kernels } = connect((request) =>
      request.type === TYPE ? [ack(request)] : [],
    )
    const { signal } = new AbortController()
    using deadline = exchangeDeadline({ signal, operation: 'test' })
    await connection.request(TYPE, 0, BODY, { deadline })
    await connection.request(TYPE, 0, BODY, { deadline })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    const stuck = connection.request(TYPE + 1, 0, BODY, { deadline })
    await until(() => kernels[0]!.requests.length === 3)
    const error = new NetlinkError('enough', { code: 'EIO', kind: 'call', operation: 'test' })
    deadline.fail(error)
    await expect(stuck).rejects.toBe(error)
    expect(kernels[0]!.closed).toBe(true)
    await expect(connection.request(TYPE, 0, BODY, { deadline })).rejects.toBe(error)
  })
})

describe('Connection.close', () => {
  it('ends the running and the waiting exchanges with ECANCELED, and refuses later ones', async () => {
    const { connection, kernels } = connect(silent)
    const running = connection.request(TYPE, 0, BODY)
    const waiting = connection.request(TYPE, 0, BODY)
    const failures = Promise.all(
      [running, waiting].map((request) => request.catch((error: { code: string }) => error.code)),
    )
    await nextTurn()
    await connection.close()
    expect(await failures).toEqual(['ECANCELED', 'ECANCELED'])
    await expect(connection.request(TYPE, 0, BODY)).rejects.toMatchObject({ code: 'ECANCELED' })
    expect(kernels.map((kernel) => kernel.closed)).toEqual([true])
  })

  it('may be called twice, and without a socket', async () => {
    const { connection, kernels } = connect(silent)
    await connection.close()
    await connection[Symbol.asyncDispose]()
    expect(kernels).toEqual([])
  })
})
