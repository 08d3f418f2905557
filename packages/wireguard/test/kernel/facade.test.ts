import { describe, expect, it } from '@jest/globals'
import { runCommand } from '../../../../test-fixtures/command.js'
import {
  describeWith,
  hasKernelWireGuard,
  hasWg,
  hasWireGuardGo,
} from '../../../../test-fixtures/require.js'
import { startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { WireGuard } from '../../src/index.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'

describeWith([hasKernelWireGuard, hasWireGuardGo, hasWg], 'the facade', () => {
  describe('with devices of both backends', () => {
    it('lists and reads them side by side', async () => {
      await using daemon = await startWireGuardGo()
      await using kernel = await kernelDevice('wgfacade0')
      await using wg = await WireGuard.open()
      await wg.configureDevice(daemon.name, { firewallMark: 1 })
      await wg.configureDevice(kernel.name, { firewallMark: 2 })

      await expect(wg.deviceNames()).resolves.toStrictEqual([daemon.name, kernel.name])
      await expect(wg.devices()).resolves.toMatchObject([
        { name: daemon.name, backend: 'userspace', firewallMark: 1, index: undefined },
        { name: kernel.name, backend: 'kernel', firewallMark: 2 },
      ])
    })

    it('prefers a socket on which something listens, as wg(8) does', async () => {
      await using daemon = await startWireGuardGo()
      await using kernel = await kernelDevice(daemon.name)
      await using wg = await WireGuard.open()
      await wg.configureDevice(kernel.name, { peers: [{ publicKey: publicKeyOf(1) }] })

      await expect(wg.device(kernel.name)).resolves.toMatchObject({ backend: 'userspace' })
      const socket = await runCommand(['wg', 'show', daemon.name, 'peers'])
      expect(socket.stdout).toBe(`${publicKeyOf(1)}\n`)

      await daemon.kill('SIGKILL')
      await expect(wg.device(kernel.name)).resolves.toMatchObject({ backend: 'kernel', peers: [] })
    })
  })

  it('reports what is missing for an absent name and for an interface that is not WireGuard', async () => {
    await using wg = await WireGuard.open()
    await expect(wg.device('wgnowhere')).rejects.toMatchObject({
      code: 'ENODEV',
      device: 'wgnowhere',
      operation: 'read device',
    })
    await expect(wg.device('lo')).rejects.toMatchObject({ code: 'EOPNOTSUPP', device: 'lo' })
  })
})

async function kernelDevice(name: string): Promise<AsyncDisposable & { readonly name: string }> {
  await runCommand(['ip', 'link', 'add', name, 'type', 'wireguard'])
  return {
    name,
    [Symbol.asyncDispose]: async () => {
      await runCommand(['ip', 'link', 'del', name])
    },
  }
}
