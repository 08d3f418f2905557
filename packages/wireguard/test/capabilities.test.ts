import { describe, expect, it } from '@jest/globals'
import { chmod } from 'node:fs/promises'
import { UapiServer } from 'wireguardcfg/server'
import { describeWith, hasNamespaces, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { WireGuard } from '../src/index.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { asNobody } from './support/nobody.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'

describeWith([hasNamespaces, hasWireGuardGo], 'capabilities', () => {
  it('report what root can use, and the reason for what it cannot', async () => {
    await using namespace = await TestNamespace.create()
    await using wg = await WireGuard.open({ netns: namespace.pid })
    const { kernel, read, create, removeAllowedIPs, ...rest } = await wg.capabilities()
    expect(rest).toStrictEqual({
      namespaces: { ok: true },
      userspace: { ok: true, program: expect.stringMatching(/\/wireguard-go$/) },
      sockets: { ok: true },
    })
    const missing = { ok: false, reason: expect.stringContaining('the WireGuard module') }
    for (const capability of [kernel, read, create]) {
      expect(capability).toStrictEqual(kernel.ok ? { ok: true } : missing)
    }
    expect(removeAllowedIPs).toHaveProperty('ok')
  })

  it('are few for the user nobody', async () => {
    const body = 'return await (await WireGuard.open()).capabilities()'
    expect(await asNobody(body)).toMatchObject({
      read: { ok: false, reason: expect.any(String) },
      create: { ok: false, reason: expect.any(String) },
      namespaces: { ok: false, reason: expect.stringContaining('CAP_SYS_ADMIN') },
    })
  })

  it('report sockets that only some users may use', async () => {
    await using directory = await temporaryDirectory()
    await chmod(directory.path, 0o755)
    const options = JSON.stringify({ socketDirectory: directory.path, backends: ['userspace'] })
    const body = `return (await (await WireGuard.open(${options})).capabilities()).sockets`
    expect(await asNobody(body)).toStrictEqual({ ok: true })
    await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    expect(await asNobody(body)).toStrictEqual({
      ok: false,
      reason: expect.stringContaining(`${server.name}.sock`),
    })
    await chmod(directory.path, 0o700)
    expect(await asNobody(body)).toStrictEqual({
      ok: false,
      reason: expect.stringContaining('permission denied'),
    })
  })
})

describe('capabilities', () => {
  it('reject for what is wrong with the call: aborted, or closed', async () => {
    await using directory = await temporaryDirectory()
    const wg = await WireGuard.open({ socketDirectory: directory.path })
    const signal = AbortSignal.abort()
    await expect(wg.capabilities({ signal })).rejects.toMatchObject({ code: 'ABORT_ERR' })
    await wg.close()
    await expect(wg.capabilities()).rejects.toMatchObject({ code: 'EBADF' })
  })
})
