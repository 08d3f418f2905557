import { expect, it } from '@jest/globals'
import { isKernelSince } from '../../../../test-fixtures/kernel-release.js'
import { describeWith, hasKernelWireGuard } from '../../../../test-fixtures/require.js'
import { WireGuard } from '../../src/index.js'
import { asNobody } from '../support/nobody.js'

describeWith(hasKernelWireGuard, 'capabilities where the kernel has WireGuard', () => {
  it('are all available to root', async () => {
    await using wg = await WireGuard.open()
    const { removeAllowedIPs, userspace, ...rest } = await wg.capabilities()
    expect(rest).toStrictEqual({
      kernel: { ok: true },
      read: { ok: true },
      create: { ok: true },
      namespaces: { ok: true },
      sockets: { ok: true },
    })
    expect(removeAllowedIPs.ok).toBe(isKernelSince(6, 16))
    expect(userspace).toHaveProperty('ok')
  })

  it('are few for the user nobody, each with the reason', async () => {
    const result = await asNobody('return await (await WireGuard.open()).capabilities()')
    expect(result).toMatchObject({
      kernel: { ok: true },
      read: { ok: false, reason: expect.stringContaining('CAP_NET_ADMIN') },
      create: { ok: false, reason: expect.stringContaining('CAP_NET_ADMIN') },
      namespaces: { ok: false, reason: expect.stringContaining('CAP_SYS_ADMIN') },
    })
  })
})
