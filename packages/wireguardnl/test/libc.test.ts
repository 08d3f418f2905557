import { expect, it } from '@jest/globals'
import { openDescriptors } from '../../../test-fixtures/process.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { errnoName, errnoText } from '../src/errno.js'
import * as libc from '../src/libc.js'
import { isLinux } from './support/requirements.js'

const EBADF = 9
const UNOPENED = 0x7fffffff

describeWith(isLinux, 'libc', () => {
  it('opens, binds, names and closes a socket, which children do not inherit', () => {
    const before = openDescriptors()
    const fd = libc.socket(
      libc.AF_NETLINK,
      libc.SOCK_RAW | libc.SOCK_CLOEXEC | libc.SOCK_NONBLOCK,
      16,
    )
    const address = new Uint8Array(12)
    address[0] = libc.AF_NETLINK
    libc.bind(fd, address)
    expect(libc.getsockname(fd, address)).toBe(12)
    expect(address.subarray(4, 8).some((byte) => byte !== 0)).toBe(true)
    libc.setsockopt(fd, libc.SOL_NETLINK, 11, 1)
    libc.close(fd)
    expect(openDescriptors()).toBe(before)
  })

  it.each<[string, () => void, string, string]>([
    [
      'a protocol that does not exist',
      () => libc.socket(libc.AF_NETLINK, libc.SOCK_RAW, 200),
      'socket',
      'EPROTONOSUPPORT',
    ],
    [
      'a descriptor that is not open',
      () => libc.bind(UNOPENED, new Uint8Array(12)),
      'bind',
      'EBADF',
    ],
    [
      'the name of no socket',
      () => libc.getsockname(UNOPENED, new Uint8Array(12)),
      'getsockname',
      'EBADF',
    ],
    ['an option of no socket', () => libc.setsockopt(UNOPENED, 1, 1, 1), 'setsockopt', 'EBADF'],
    ['a file that does not exist', () => libc.open('/proc/nope', libc.O_RDONLY), 'open', 'ENOENT'],
    ['a path with a NUL', () => libc.open('/proc\0/nope', libc.O_RDONLY), 'open', 'EINVAL'],
    [
      'a descriptor that is not a namespace',
      () => libc.setns(UNOPENED, libc.CLONE_NEWNET),
      'setns',
      'EBADF',
    ],
  ])('throws the errno of %s', (_, call, syscall, code) => {
    expect(call).toThrow(expect.objectContaining({ name: 'SystemCallError', syscall, code }))
  })

  it('returns the errno of send and recv, negated', async () => {
    const bytes = new Uint8Array(32)
    expect(libc.send(UNOPENED, bytes, 0)).toBe(-EBADF)
    expect(libc.recv(UNOPENED, bytes, 0)).toBe(-EBADF)
    expect(await libc.sendAsync(UNOPENED, bytes, 0)).toBe(-EBADF)
  })

  it('never passes on an error of koffi, however many calls there are at once', async () => {
    const bytes = new Uint8Array(32)
    const calls = Array.from({ length: 1000 }, (_, i) =>
      (i % 2 === 0 ? libc.sendAsync : libc.recvAsync)(UNOPENED, bytes, libc.MSG_DONTWAIT),
    )
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBe(-EBADF)
      else expect(outcome.reason).toMatchObject({ name: 'SystemCallError', code: 'EAGAIN' })
    }
    expect(await libc.sendAsync(UNOPENED, bytes, 0)).toBe(-EBADF)
  })

  it('returns EAGAIN when there is nothing to receive', () => {
    const fd = libc.socket(libc.AF_NETLINK, libc.SOCK_RAW | libc.SOCK_CLOEXEC, 16)
    expect(libc.recv(fd, new Uint8Array(32), libc.MSG_DONTWAIT)).toBe(-libc.EAGAIN)
    libc.close(fd)
  })

  it.each([
    ['lo', 1],
    ['nope', undefined],
    ['a-name-that-is-much-too-long', undefined],
    ['lo\0', undefined],
    ['', undefined],
  ])('knows the index of %j', (name, index) => {
    expect(libc.ifNameToIndex(name)).toBe(index)
  })

  it.each([
    [1, 'lo'],
    [0x7ffffff0, undefined],
    [0, undefined],
  ])('knows the name of %i', (index, name) => {
    expect(libc.ifIndexToName(index)).toBe(name)
  })
})

describeWith(isLinux, 'errno', () => {
  it.each([
    [1, 'EPERM'],
    [11, 'EAGAIN'],
    [53, 'EBADR'],
    [64, 'ENONET'],
    [95, 'EOPNOTSUPP'],
    [96, 'EPFNOSUPPORT'],
    [98, 'EADDRINUSE'],
    [4000, 'UNKNOWN'],
  ])('names %i', (errno, name) => {
    expect(errnoName(errno)).toBe(name)
  })

  it('describes an error number if it is known', () => {
    expect([errnoText(19), errnoText(4000)]).toEqual(['no such device', 'errno 4000'])
  })
})
