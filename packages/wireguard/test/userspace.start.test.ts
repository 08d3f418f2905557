import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chmod, copyFile, open, rm, writeFile } from 'node:fs/promises'
import { UapiServer } from 'wireguardcfg/server'
import { caught } from '../../../test-fixtures/caught.js'
import { until } from '../../../test-fixtures/wait.js'
import { socketOf, uniqueName } from '../../../test-fixtures/wireguard-go.js'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { WireGuard } from '../src/index.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../test-fixtures/namespace.js'
import { openDescriptors, processesOf, zombies } from '../../../test-fixtures/process.js'
import { script } from './support/script.js'

const VARIABLE = 'WG_QUICK_USERSPACE_IMPLEMENTATION'
/** Seconds that no other process sleeps. */
const NAP = `6${process.pid}.5`

/** The process that has this word among its arguments. */
const pidOf = (word: string): string =>
  readdirSync('/proc').find(
    (pid) =>
      /^\d+$/.test(pid) &&
      existsSync(`/proc/${pid}/cmdline`) &&
      readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word),
  )!

const untilStarted = () => until(() => processesOf(NAP).length > 0, 'the implementation runs')

describeWith(hasWireGuardGo, 'the start of a userspace device', () => {
  let namespace: TestNamespace
  let wg: WireGuard
  let directory: TemporaryDirectory
  let name: string
  beforeEach(async () => {
    namespace = await TestNamespace.create()
    directory = await temporaryDirectory()
    wg = await WireGuard.open({ netns: namespace.pid, backends: ['userspace'] })
    name = uniqueName()
  })
  afterEach(async () => {
    delete process.env[VARIABLE]
    await wg.close()
    await directory[Symbol.asyncDispose]()
    await namespace[Symbol.asyncDispose]()
    // Ends the processes of a test that failed.
    await rm(socketOf(name), { force: true })
  })

  const expectNothingLeft = (): void => {
    expect(existsSync(socketOf(name))).toBe(false)
    expect([...processesOf(name), ...processesOf(NAP)]).toStrictEqual([])
    expect(zombies()).toStrictEqual([])
  }

  it.each([
    ['a name that is nowhere on PATH', 'no-such-wireguard'],
    ['a path at which there is nothing', '/nonexistent/wireguard-go'],
    ['a directory', '/tmp'],
  ])('reports that there is no implementation: %s', async (_, program) => {
    process.env[VARIABLE] = program
    await expect(wg.createDevice(name)).rejects.toMatchObject({
      code: 'ENOENT',
      hint: expect.stringContaining(VARIABLE),
    })
    expect((await wg.capabilities()).userspace).toMatchObject({ ok: false })
  })

  it('reports that the implementation is not executable', async () => {
    const path = await script(directory.path, 'wireguard-go', 'exit 0')
    await chmod(path, 0o644)
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name)).rejects.toMatchObject({ code: 'EACCES' })
  })

  it('reports what the implementation printed before it ended', async () => {
    const path = await script(
      directory.path,
      'dies',
      'echo to stdout',
      'echo to stderr >&2',
      'exit 3',
    )
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name)).rejects.toMatchObject({
      code: 'EIO',
      message: expect.stringContaining('ended with status 3'),
      detail: 'to stdout; to stderr',
      device: name,
    })
    expectNothingLeft()
  })

  it('quotes only the end of a long output', async () => {
    const path = await script(
      directory.path,
      'talks',
      'seq 100000',
      'printf "\\033[31mred\\n"',
      'exit 1',
    )
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name)).rejects.toMatchObject({
      detail: '99998; 99999; 100000; [31mred',
    })
  })

  it('reports a file that is not a program', async () => {
    const path = await script(directory.path, 'broken')
    await writeFile(path, '#!/nonexistent/interpreter\n')
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name)).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining('could not be started'),
    })
  })

  it('reports a file that the system cannot execute', async () => {
    // A file that is open for writing, as during an upgrade.
    const path = await script(directory.path, 'text')
    await copyFile('/bin/true', path)
    await using file = await open(path, 'r+')
    expect(file.fd).toBeGreaterThan(0)
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name)).rejects.toMatchObject({
      name: 'WireGuardError',
      code: 'ETXTBSY',
      device: name,
      message: expect.stringContaining(`${path} could not be started`),
      hint: expect.any(String),
    })
    expectNothingLeft()
  })

  it('gives it no descriptor, few variables, the root directory, and a session', async () => {
    process.env['SECRET_OF_A_PANEL'] = 'secret'
    process.env['LOG_LEVEL'] = 'error'
    try {
      const device = await wg.createDevice(name, { idleTimeout: 20_000 })
      const pid = Number(pidOf(name))
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      expect(environment).toContain('LOG_LEVEL=error')
      expect(environment).not.toContain('SECRET_OF_A_PANEL')
      expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
      expect(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(4, 6)).toStrictEqual([
        String(pid),
        String(pid),
      ])
      for (const fd of [0, 1, 2]) {
        expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).toMatch(/\/output \(deleted\)$/)
      }
      await device.delete()
      expectNothingLeft()
    } finally {
      delete process.env['SECRET_OF_A_PANEL']
      delete process.env['LOG_LEVEL']
    }
  })

  it('does not stop it, and keeps little, however much it prints', async () => {
    // More than a pipe holds.
    const path = await script(directory.path, 'talks', 'seq 100000 >&2', 'exec wireguard-go "$@"')
    process.env[VARIABLE] = path
    const device = await wg.createDevice(name, { idleTimeout: 20_000 })
    expect(statSync(`/proc/${pidOf(name)}/fd/2`)).toMatchObject({ size: 0 })
    await device.delete()
    expectNothingLeft()
  })

  it('ends an implementation that hangs and ignores SIGTERM', async () => {
    const path = await script(
      directory.path,
      'hangs',
      "trap '' TERM",
      'echo waiting',
      `exec sleep ${NAP}`,
    )
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name, { idleTimeout: 300 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      detail: 'waiting',
    })
    expectNothingLeft()
  })

  it.each([
    ['ends the child of a script that does not replace itself', ''],
    ['ends such a child when it ignores SIGTERM', `trap '' TERM;`],
  ])('%s', async (_, ignore) => {
    const path = await script(directory.path, 'waits', `(${ignore} exec sleep ${NAP})`, 'true')
    process.env[VARIABLE] = path
    await expect(wg.createDevice(name, { idleTimeout: 300 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    expectNothingLeft()
  })

  it('is not undone by one that does not look after its socket, and says so', async () => {
    // As gotatun: the interface stays, and so does whoever listened at the socket.
    await namespace.run('ip', 'tuntap', 'add', name, 'mode', 'tun')
    const server = await UapiServer.listen({ name })
    try {
      const error = await caught(wg.deleteDevice(name, { idleTimeout: 500 }))
      expect(error).toMatchObject({
        code: 'ETIMEDOUT',
        device: name,
        message: expect.stringContaining('has not ended'),
        hint: expect.stringContaining('End its process'),
      })
      expect(existsSync(server.path)).toBe(false)
    } finally {
      await server.close()
      await namespace.run('ip', 'link', 'delete', name)
    }
  })

  it('ends the implementation when the client is closed', async () => {
    const path = await script(directory.path, 'hangs', `exec sleep ${NAP}`)
    process.env[VARIABLE] = path
    const creating = wg.createDevice(name, { idleTimeout: 0 })
    const result = creating.catch((error: unknown) => error)
    await untilStarted()
    await wg.close()
    expectNothingLeft()
    expect(await result).toMatchObject({ code: 'ECANCELED', device: name })
  })

  it('ends the implementation when the caller aborts', async () => {
    const path = await script(directory.path, 'hangs', `exec sleep ${NAP}`)
    process.env[VARIABLE] = path
    const before = openDescriptors()
    const giveUp = new AbortController()
    const creating = wg.createDevice(name, { signal: giveUp.signal, idleTimeout: 0 })
    creating.catch(() => {})
    const reason = new Error('enough')
    await untilStarted()
    giveUp.abort(reason)
    await expect(creating).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: reason,
    })
    expectNothingLeft()
    expect(openDescriptors()).toBeLessThanOrEqual(before + 1)
  })

  it('leaves nothing when the caller aborts, whatever the moment', async () => {
    for (const moment of [0, 2, 5, 10, 20, 35, 50, 70, 100, 200]) {
      name = uniqueName()
      const creating = wg.createDevice(name, {
        signal: AbortSignal.timeout(moment),
        config: { listenPort: 51_823 },
        addresses: ['10.7.0.1/24'],
        up: true,
      })
      const device = await creating.catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'ABORT_ERR' })
      })
      await device?.delete()
      expectNothingLeft()
      expect(await namespace.links()).toStrictEqual([])
    }
  }, 30_000)
})
