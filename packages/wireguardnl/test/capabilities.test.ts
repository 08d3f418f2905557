import { describe, expect, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { WireGuardError } from 'wireguardcfg'
import { describeWith } from '../../../test-fixtures/require.js'
import { kernelCapabilities } from '../src/capabilities.js'
import { SystemCallError } from '../src/libc.js'
import { openNamespace } from '../src/namespace/namespace.js'
import { kernelIn } from '../src/wireguard/kernel.js'
import { caught } from '../../../test-fixtures/caught.js'
import { ack, errorAck, type FakeRequest } from '../../../test-fixtures/fakes/kernel.js'
import { FakeSystem, type SystemOptions } from '../../../test-fixtures/fakes/system.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { openDescriptors, withoutPrivileges } from '../../../test-fixtures/process.js'
import { canMakeLinks } from './support/requirements.js'

/** RTM_NEWLINK with NLM_F_CREATE; the controller of generic netlink has the same type. */
const makesLink = ({ type, flags }: FakeRequest) => type === 16 && (flags & 0x400) !== 0

/** A kernel in which a link of the index 1 exists. */
function kernelOf({ capable = true, ...options }: SystemOptions) {
  const system = new FakeSystem({
    ...options,
    capable,
    answer: (request, usual) => {
      if (!makesLink(request)) return usual()
      // NLM_F_EXCL and the index of lo: without either, something would be made or changed.
      expect(request.flags & 0x200).toBe(0x200)
      expect(request.payload[4]).toBe(1)
      return [errorAck(request, capable ? 17 : 1)]
    },
  })
  return system.kernel
}

/** A kernel whose sockets cannot be opened. */
const kernelOfFault = (code: string) => ({
  ...new FakeSystem().kernel,
  open: () => {
    throw new WireGuardError('not permitted to enter', { code, hint: 'Run as root' })
  },
})

const module = { ok: false, reason: expect.stringContaining('modprobe') }
const netAdmin = { ok: false, reason: expect.stringContaining('CAP_NET_ADMIN') }
const old = { ok: false, reason: expect.stringContaining('6.16') }
const yes = { ok: true }

describe('the capabilities of a kernel', () => {
  it.each<[string, SystemOptions, object]>([
    [
      'that can',
      { release: '6.18.1' },
      { kernel: yes, read: yes, create: yes, removeAllowedIPs: yes },
    ],
    ['of 6.1', { release: '6.1.0-1' }, { kernel: yes, removeAllowedIPs: old }],
    ['without WireGuard', { module: false }, { kernel: module, read: module, create: module }],
    ['without privileges', { capable: false }, { kernel: yes, read: netAdmin, create: netAdmin }],
  ])('%s', async (_, options, expected) => {
    expect(await kernelCapabilities(kernelOf(options))).toMatchObject(expected)
  })

  it('are not guessed when something else goes wrong', async () => {
    const busy = new FakeSystem({ answer: (request) => [errorAck(request, 16)] })
    const reason = { ok: false, reason: expect.stringContaining('busy') }
    expect(await kernelCapabilities(busy.kernel)).toMatchObject({ kernel: reason, read: reason })
    const silent = new FakeSystem({ answer: () => [] })
    expect(await caught(kernelCapabilities(silent.kernel, { idleTimeout: 20 }))).toMatchObject({
      code: 'ETIMEDOUT',
    })
    const signal = AbortSignal.abort()
    expect(await caught(kernelCapabilities(silent.kernel, { signal }))).toMatchObject({
      code: 'ABORT_ERR',
    })
    expect([...busy.sockets, ...silent.sockets].every(({ closed }) => closed)).toBe(true)
  })

  it.each([
    ['socket', 1, 'operation not permitted'],
    ['socket', 97, 'address family not supported'],
    ['socket', 24, 'too many open files'],
    ['bind', 105, 'no buffer space'],
    ['socket', 12, 'not enough memory'],
  ])('are none, with the reason, where %s fails with errno %i', async (call, errno, text) => {
    const open = () => {
      throw new SystemCallError(call, errno)
    }
    const kernel = { ...new FakeSystem().kernel, open }
    const reason = { ok: false, reason: expect.stringContaining(text) }
    expect(await kernelCapabilities(kernel)).toMatchObject({
      kernel: reason,
      read: reason,
      create: reason,
      removeAllowedIPs: old,
    })
  })

  it('say so where the namespace cannot be entered, and throw where it is closed', async () => {
    expect((await kernelCapabilities(kernelOfFault('EPERM'))).read).toEqual({
      ok: false,
      reason: 'not permitted to enter. Run as root',
    })
    expect(await caught(kernelCapabilities(kernelOfFault('EBADF')))).toMatchObject({
      code: 'EBADF',
    })
  })

  it('are also found when the interface to create exists already', async () => {
    const odd = new FakeSystem({
      answer: (request, usual) => (makesLink(request) ? [ack(request)] : usual()),
    })
    expect(await kernelCapabilities(odd.kernel)).toMatchObject({ create: yes })
  })
})

const linksOf = (pid: number) =>
  spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', 'link'], { encoding: 'utf8' }).stdout

describeWith(canMakeLinks, 'the capabilities of this machine', () => {
  it('are found out without a change', async () => {
    await using held = await TestNamespace.create()
    using namespace = openNamespace(held.pid)
    // lo can be renamed, and then its name would be free.
    await held.ip('link set lo name wglo')
    const before = linksOf(held.pid)
    const kernel = kernelIn(namespace)
    const found = await kernelCapabilities(kernel)
    expect(found).toMatchObject({ namespaces: yes })
    expect([yes, module]).toContainEqual(found.kernel)
    expect([found.read, found.create]).toEqual([found.kernel, found.kernel])
    expect(linksOf(held.pid)).toBe(before)
    const descriptors = openDescriptors()
    await kernelCapabilities(kernel)
    expect(openDescriptors()).toBe(descriptors)
  })

  it('report what only root has', async () => {
    await withoutPrivileges(async () => {
      expect((await kernelCapabilities()).namespaces).toEqual({
        ok: false,
        reason: expect.stringContaining('CAP_SYS_ADMIN'),
      })
    })
  })
})
