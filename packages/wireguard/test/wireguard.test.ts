import { describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type Backend, type Device, WireGuardError } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { DevicesError, WireGuard } from '../src/index.js'
import { temporaryDirectory } from '../../../test-fixtures/directory.js'
import { publicKeyOf } from '../../../test-fixtures/sample.js'

describe('WireGuard', () => {
  it('lists, reads and configures the devices of a directory', async () => {
    await using directory = await temporaryDirectory()
    await using first = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    await using second = await UapiServer.listen({ name: 'wg1', directory: directory.path })
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace'],
    })

    await expect(wg.deviceNames()).resolves.toStrictEqual([first.name, second.name])
    await wg.configureDevice('wg1', { firewallMark: 7, peers: [{ publicKey: publicKeyOf(1) }] })
    await expect(wg.device('wg1')).resolves.toMatchObject({ name: 'wg1', firewallMark: 7 })
    const devices = await wg.devices()
    expect(devices.map(({ name, peers }) => [name, peers.length])).toStrictEqual([
      ['wg0', 0],
      ['wg1', 1],
    ])
  })

  it('has no devices where there is no directory', async () => {
    await using wg = await WireGuard.open({
      socketDirectory: '/nonexistent/wireguard',
      backends: ['userspace'],
    })
    await expect(wg.deviceNames()).resolves.toStrictEqual([])
    await expect(wg.devices()).resolves.toStrictEqual([])
    await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'ENODEV', device: 'wg0' })
  })

  it('refuses an unknown backend and names it', async () => {
    await expect(WireGuard.open({ backends: ['kernal' as 'kernel'] })).rejects.toMatchObject({
      code: 'EINVAL',
    })
  })

  it('reports that it is closed', async () => {
    const wg = await WireGuard.open({ backends: ['userspace'] })
    await wg.close()
    await expect(wg.deviceNames()).rejects.toMatchObject({ code: 'EBADF' })
    await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'EBADF' })
    await wg.close()
  })
})

describe('the choice of a backend', () => {
  it('is the first that knows the name', async () => {
    await using wg = await WireGuard.open({
      backends: [fake('userspace', ['wg0', 'wg1']), fake('kernel', ['wg1', 'wg2'])],
    })
    await expect(wg.deviceNames()).resolves.toStrictEqual(['wg0', 'wg1', 'wg2'])
    const devices = await wg.devices()
    expect(devices.map(({ name, backend }) => [name, backend])).toStrictEqual([
      ['wg0', 'userspace'],
      ['wg1', 'userspace'],
      ['wg2', 'kernel'],
    ])
    await expect(wg.device('wg3')).rejects.toMatchObject({
      code: 'ENODEV',
      device: 'wg3',
      operation: 'read device',
      detail: 'not in userspace; not in kernel',
    })
  })

  it('stops at any other error', async () => {
    await using wg = await WireGuard.open({
      backends: [fake('userspace', ['wg0'], 'EPERM'), fake('kernel', ['wg0'])],
    })
    await expect(wg.device('wg0')).rejects.toMatchObject({ code: 'EPERM' })
    await expect(wg.configureDevice('wg0', {})).rejects.toMatchObject({ code: 'EPERM' })
  })

  it('writes to the same backend that it reads from', async () => {
    const [userspace, kernel] = [fake('userspace', []), fake('kernel', ['wg0'])]
    await using wg = await WireGuard.open({ backends: [userspace, kernel] })
    await wg.configureDevice('wg0', { firewallMark: 1 })
    expect([userspace.written, kernel.written]).toStrictEqual([[], ['wg0']])
  })
})

describe('devices() when not all can be read', () => {
  it('rejects with an error that holds the devices that were read', async () => {
    await using directory = await temporaryDirectory()
    await using hung = await hangingDaemon(join(directory.path, 'wg1.sock'))
    await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace'],
    })
    const error = await failure(wg.devices({ idleTimeout: 100 }))
    expect(error).toBeInstanceOf(DevicesError)
    expect(error).toMatchObject({
      code: 'ETIMEDOUT',
      devices: [{ name: server.name }],
      errors: [{ code: 'ETIMEDOUT', device: 'wg1' }],
    })
    // Resolves once the daemon saw every connection closed.
    await hung[Symbol.asyncDispose]()
  })

  it('passes the failures to onError and returns the rest', async () => {
    await using wg = await WireGuard.open({
      backends: [fake('userspace', ['wg0'], 'EPERM'), fake('kernel', ['wg1'])],
    })
    const errors: WireGuardError[] = []
    const devices = await wg.devices({ onError: (error) => errors.push(error) })
    expect(devices.map(({ name }) => name)).toStrictEqual(['wg1'])
    expect(errors).toMatchObject([{ code: 'EPERM', device: 'wg0' }])
  })

  it('reports a backend that cannot list, and goes on with the others', async () => {
    const broken = { ...fake('userspace', []), deviceNames: () => Promise.reject(denied('')) }
    await using wg = await WireGuard.open({ backends: [broken, fake('kernel', ['wg1'])] })
    await expect(failure(wg.devices())).resolves.toMatchObject({
      code: 'EPERM',
      devices: [{ name: 'wg1' }],
    })
    await expect(wg.deviceNames()).rejects.toMatchObject({ code: 'EPERM' })
  })

  it('leaves out vanished interfaces, stale sockets and other files', async () => {
    await using directory = await temporaryDirectory()
    await writeFile(join(directory.path, 'file.sock'), '')
    await using server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
    const vanishing = fake('kernel', ['wg9'], 'ENODEV')
    await using wg = await WireGuard.open({
      socketDirectory: directory.path,
      backends: ['userspace', vanishing],
    })
    await expect(wg.deviceNames()).resolves.toStrictEqual(['wg0', 'wg9'])
    expect((await wg.devices()).map(({ name }) => name)).toStrictEqual([server.name])
  })

  it('rejects as a whole when it is aborted', async () => {
    await using wg = await WireGuard.open({ backends: [fake('kernel', ['wg0'], 'ABORT_ERR')] })
    const errors: WireGuardError[] = []
    await expect(wg.devices({ onError: (error) => errors.push(error) })).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
    })
    expect(errors).toStrictEqual([])
  })
})

/** A backend of a user. It has some names, and on request fails for each of them. */
function fake(
  kind: Backend['kind'],
  names: readonly string[],
  code?: string,
): Backend & { readonly written: string[] } {
  const written: string[] = []
  const find = (device: string): void => {
    if (!names.includes(device)) {
      throw new WireGuardError('absent', { code: 'ENODEV', detail: `not in ${kind}` })
    }
    if (code !== undefined) throw new WireGuardError('failed', { code, device })
  }
  return {
    kind,
    written,
    deviceNames: () => Promise.resolve([...names]),
    device: async (name) => {
      find(name)
      return await Promise.resolve(emptyDevice(name, kind))
    },
    configureDevice: async (name) => {
      find(name)
      written.push(name)
      await Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

function emptyDevice(name: string, backend: Backend['kind']): Device {
  return {
    name,
    backend,
    index: undefined,
    privateKey: undefined,
    publicKey: undefined,
    listenPort: 0,
    firewallMark: 0,
    peers: [],
  }
}

function denied(device: string): WireGuardError {
  return new WireGuardError('denied', { code: 'EPERM', device })
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** Accepts connections and never answers. */
async function hangingDaemon(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume()
  })
  await new Promise<void>((resolve) => {
    server.listen(path, resolve)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
  }
}
