import { describe, expect, it } from '@jest/globals'
import { turns } from '../../../../test-fixtures/wait.js'
import { openDescriptors } from '../../../../test-fixtures/process.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import * as libc from '../../src/libc.js'
import { Connection } from '../../src/netlink/connection.js'
import { NETLINK_GENERIC, NLMSG_NOOP } from '../../src/netlink/constants.js'
import { KernelSocket, type SocketCalls } from '../../src/netlink/kernel-socket.js'
import { deferred } from '../../../../test-fixtures/deferred.js'
import { isLinux } from '../support/requirements.js'

const FD = 77

/**
 * libc on paper: what was called, and answers to `recv` and `send` in a row; then EAGAIN and
 * success.
 */
function script(answers: { recv?: number[]; send?: number[]; sendAsync?: Promise<number>[] } = {}) {
  const log: string[] = []
  // The warm-up receives once.
  const recv = [-libc.EAGAIN, ...(answers.recv ?? [])]
  const send = [16, ...(answers.send ?? [])]
  const calls: SocketCalls = {
    socket: (_domain, type, protocol) => {
      log.push(`socket ${type.toString(16)} ${protocol}`)
      return FD
    },
    bind: (fd) => log.push(`bind ${fd}`),
    getsockname: (_, address) => {
      address.set([16, 0, 0, 0, 0x2a, 0, 0, 0])
      return 12
    },
    setsockopt: (_, level, option, value) => log.push(`option ${level} ${option} ${value}`),
    send: (_, bytes) => send.shift() ?? bytes.length,
    sendAsync: (_, bytes) => answers.sendAsync?.shift() ?? Promise.resolve(bytes.length),
    recv: () => recv.shift() ?? -libc.EAGAIN,
    recvAsync: () => Promise.resolve(recv.shift() ?? -libc.EAGAIN),
    close: (fd) => log.push(`close ${fd}`),
  }
  return { calls, log }
}

function unknownOption(): never {
  throw new libc.SystemCallError('setsockopt', 92)
}

const open = (calls: SocketCalls) => KernelSocket.open(NETLINK_GENERIC, {}, calls)
const BYTES = new Uint8Array(20)

describe('KernelSocket', () => {
  it('opens close-on-exec and non-blocking, asks for extended and capped acks, and learns its port id', () => {
    const { calls, log } = script()
    expect(open(calls).portId).toBe(0x2a)
    expect(log).toEqual(['socket 80803 16', 'option 270 11 1', 'option 270 10 1', 'bind 77'])
  })

  it('asks for strict checks only on request', () => {
    const { calls, log } = script()
    KernelSocket.open(0, { strict: true }, calls)
    expect(log).toContain('option 270 12 1')
  })

  it('works without options that the kernel lacks', () => {
    const { calls } = script()
    expect(open({ ...calls, setsockopt: unknownOption }).portId).toBe(0x2a)
  })

  it.each(['setsockopt', 'bind', 'getsockname'] as const)(
    'closes the descriptor when %s fails',
    (name) => {
      const { calls, log } = script()
      const fail = () => {
        throw new libc.SystemCallError(name, 1)
      }
      expect(() => open({ ...calls, [name]: fail })).toThrow(
        expect.objectContaining({ code: 'EPERM', kind: 'syscall' }),
      )
      expect(log.at(-1)).toBe('close 77')
    },
  )

  it('calls again after EINTR', async () => {
    const { calls } = script({
      recv: [-libc.EINTR, -libc.EINTR, 20],
      send: [-libc.EINTR, 20],
      sendAsync: [Promise.resolve(-libc.EINTR), Promise.resolve(20)],
    })
    const socket = open(calls)
    expect(() => socket.send(BYTES)).not.toThrow()
    expect(socket.receive()).toHaveLength(20)
    await expect(socket.sendAsync(BYTES)).resolves.toBeUndefined()
  })

  it('returns undefined when it would block', () => {
    expect(open(script().calls).receive()).toBeUndefined()
  })

  it.each([
    ['ENOBUFS', -105],
    ['EMSGSIZE', 65537],
  ])('throws %s on receiving %i', (code, result) => {
    const socket = open(script({ recv: [result] }).calls)
    expect(() => socket.receive()).toThrow(expect.objectContaining({ code, kind: 'syscall' }))
  })

  it('throws the errno of a send', async () => {
    const socket = open(script({ send: [-90], sendAsync: [Promise.resolve(-1)] }).calls)
    expect(() => socket.send(BYTES)).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }))
    await expect(socket.sendAsync(BYTES)).rejects.toMatchObject({ code: 'EPERM', kind: 'syscall' })
  })

  it('closes at once, only once, and refuses calls afterwards', async () => {
    const { calls, log } = script()
    const socket = open(calls)
    void socket.close()
    expect(log.at(-1)).toBe('close 77')
    await socket.close()
    expect(log.filter((call) => call === 'close 77')).toHaveLength(1)
    expect(() => socket.receive()).toThrow(expect.objectContaining({ code: 'EBADF' }))
    expect(() => socket.send(BYTES)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    await expect(socket.sendAsync(BYTES)).rejects.toMatchObject({ code: 'EBADF' })
  })

  it('closes the descriptor only when the send in a thread has returned', async () => {
    const sending = deferred<number>()
    const { calls, log } = script({ sendAsync: [sending.promise] })
    const socket = open(calls)
    const sent = socket.sendAsync(BYTES)
    const closed = socket.close()
    await turns()
    expect(log).not.toContain('close 77')
    sending.resolve(20)
    await Promise.all([sent, closed])
    expect(log.at(-1)).toBe('close 77')
  })

  it('receives in a thread, and closes only when that has returned', async () => {
    const receiving = deferred<number>()
    const { calls, log } = script()
    const socket = open({ ...calls, recvAsync: () => receiving.promise })
    const received = socket.receiveAsync()
    const closed = socket.close()
    await turns()
    expect(log).not.toContain('close 77')
    receiving.resolve(20)
    await expect(received).rejects.toMatchObject({ code: 'EBADF' })
    await closed
    expect(log.at(-1)).toBe('close 77')
    const other = open(script({ recv: [-libc.EINTR, 20, -105] }).calls)
    expect(await other.receiveAsync()).toHaveLength(20)
    await expect(other.receiveAsync()).rejects.toMatchObject({ code: 'ENOBUFS' })
    expect(await other.receiveAsync()).toBeUndefined()
  })

  it('reports that no thread could make the call', async () => {
    const { calls } = script()
    const error = new libc.SystemCallError('send', 11, 'too many calls')
    const socket = open({ ...calls, sendAsync: () => Promise.reject(error) })
    await expect(socket.sendAsync(BYTES)).rejects.toMatchObject({
      name: 'NetlinkError',
      code: 'EAGAIN',
      kind: 'syscall',
    })
  })

  it('refuses a second send in a thread', async () => {
    const socket = open(script().calls)
    const first = socket.sendAsync(BYTES)
    await expect(socket.sendAsync(BYTES)).rejects.toThrow('one asynchronous call at a time')
    await first
  })
})

describeWith(isLinux, 'KernelSocket of this kernel', () => {
  it('gives two sockets different port ids', async () => {
    const sockets = [KernelSocket.open(NETLINK_GENERIC), KernelSocket.open(NETLINK_GENERIC)]
    expect(sockets[0]!.portId).not.toBe(sockets[1]!.portId)
    await Promise.all(sockets.map((socket) => socket.close()))
  })

  it('leaks no descriptor when it is opened and closed 500 times', async () => {
    const before = openDescriptors()
    for (let count = 0; count < 500; count += 1) await KernelSocket.open(NETLINK_GENERIC).close()
    expect(openDescriptors()).toBe(before)
  })

  it('leaks no descriptor when a connection is used and left 100 times', async () => {
    const before = openDescriptors()
    for (let count = 0; count < 100; count += 1) {
      const connection = new Connection(() => KernelSocket.open(NETLINK_GENERIC))
      await connection.request(NLMSG_NOOP, 0, new Uint8Array(0), {
        send: count % 2 ? 'now' : 'writer',
      })
      await connection.close()
    }
    expect(openDescriptors()).toBe(before)
  })

  it('throws for a protocol that does not exist', () => {
    expect(() => KernelSocket.open(200)).toThrow(
      expect.objectContaining({ code: 'EPROTONOSUPPORT', kind: 'syscall' }),
    )
  })
})
