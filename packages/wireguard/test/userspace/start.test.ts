import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { TestNamespace } from '../../../../test-fixtures/namespace.js'
import { processesOf } from '../../../../test-fixtures/process.js'
import { describeWith, hasNamespaces, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { privateKeyOf } from '../../../../test-fixtures/sample.js'
import { until } from '../../../../test-fixtures/wait.js'
import { socketOf, uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { type Device, UapiClient } from 'wireguardcfg'
import { type CreateOptions, WireGuard } from '../../src/index.js'
import { UapiServer } from '../../src/server.js'
import { daemonAt } from '../../src/userspace/socket.js'
import { startDaemon } from '../../src/userspace/start.js'
import { stopDaemon } from '../../src/userspace/stop.js'
import { built, OtherProcess } from '../support/other-process.js'
import { script } from '../support/script.js'

const VARIABLE = 'WG_QUICK_USERSPACE_IMPLEMENTATION'
/** Seconds that no other process sleeps. */
const NAP = `7${process.pid}.5`

const sorted = (answers: readonly unknown[]) => answers.map(String).toSorted()
const untilRuns = () => until(() => processesOf(NAP).length > 0, 'the implementation runs')

describeWith(hasNamespaces, 'a userspace implementation', () => {
  let namespace: TestNamespace
  let directory: TemporaryDirectory
  let wg: WireGuard
  let name: string
  beforeEach(async () => {
    namespace = await TestNamespace.create()
    directory = await temporaryDirectory()
    name = uniqueName()
    wg = await WireGuard.open({ netns: namespace.pid, socketDirectory: directory.path })
  })
  afterEach(async () => {
    delete process.env[VARIABLE]
    await wg.close()
    await namespace[Symbol.asyncDispose]()
    await directory[Symbol.asyncDispose]()
  })

  const create = (options: CreateOptions = {}) =>
    wg.createDevice(name, { backend: 'userspace', idleTimeout: 20_000, ...options })
  const socket = () => join(directory.path, `${name}.sock`)
  const listen = () => UapiServer.listen({ name, directory: directory.path })

  /** An implementation without an interface, after these lines of shell. */
  async function serves(...lines: string[]): Promise<void> {
    const code = `
      import { UapiServer } from '${built('wireguardcfg', 'server')}'
      await UapiServer.listen({ name: process.argv.at(-1), directory: '${directory.path}' })`
    const run = `exec ${process.execPath} --input-type=module -e "${code}" "$2"`
    process.env[VARIABLE] = await script(directory.path, 'serves', ...lines, run)
  }

  /** An implementation that does not serve its socket. */
  async function hangs(): Promise<void> {
    process.env[VARIABLE] = await script(directory.path, 'hangs', `exec sleep ${NAP}`)
  }

  it('is ready when it replies itself', async () => {
    await serves()
    const device = await create({ config: { privateKey: privateKeyOf(1) } })
    expect(device).toMatchObject({ created: true, backend: 'userspace' })
    await device.delete()
    expect(existsSync(socket())).toBe(false)
  })

  it('is known by its socket, also when that appeared after the look at its path', async () => {
    await serves()
    /** Asks the daemon when it listens. The first question comes before its start. */
    class LateClient extends UapiClient {
      #isStarted = false

      override async device(...args: Parameters<UapiClient['device']>): Promise<Device> {
        const listens = async () => (await this.deviceNames()).includes(name)
        if (this.#isStarted) await until(listens, 'the daemon listens')
        this.#isStarted = true
        return await super.device(...args)
      }
    }
    await using client = new LateClient({ directory: directory.path })
    const daemon = await startDaemon(name, {
      path: socket(),
      client,
      within: (step) => step(),
      exists: () => Promise.resolve(false),
    })
    expect(daemonAt(socket())).toBe(daemon)
    await stopDaemon(daemon, socket())
    expect(existsSync(socket())).toBe(false)
  })

  it('is ready when the child of a script replies', async () => {
    await serves()
    const inner = process.env[VARIABLE]!
    process.env[VARIABLE] = await script(directory.path, 'outer', `${inner} "$1" "$2"`, 'true')
    const device = await create()
    await device.delete()
    expect(existsSync(socket())).toBe(false)
  })

  it('is not ready when another process replies in its place', async () => {
    await hangs()
    const creating = create({ config: { privateKey: privateKeyOf(1) } })
    await Promise.all([
      expect(creating).rejects.toMatchObject({ code: 'EEXIST', device: name }),
      untilRuns().then(async () => {
        await using server = await listen()
        await creating.catch(() => {})
        expect(existsSync(server.path)).toBe(true)
        expect(server.device().privateKey).toBeUndefined()
      }),
    ])
    expect(processesOf(NAP)).toStrictEqual([])
  })

  it('that ends because the interface exists is told so', async () => {
    process.env[VARIABLE] = await script(
      directory.path,
      'loses',
      'until ip link show dev "$2"; do sleep 0.01; done >/dev/null 2>&1',
      'echo in use >&2',
      'exit 1',
    )
    const creating = create()
    creating.catch(() => {})
    await until(() => processesOf(name).length > 0, 'the implementation runs')
    await namespace.ip(`tuntap add dev ${name} mode tun`)
    await expect(creating).rejects.toMatchObject({
      code: 'EEXIST',
      cause: { cause: { detail: 'in use' } },
    })
    expect(await namespace.links()).toStrictEqual([name])
  })

  it.each(['link add NAME type bridge', 'tuntap add dev NAME mode tun'])(
    'does not take over the interface of another program: ip %s',
    async (command) => {
      await serves('until ip link show dev "$2"; do sleep 0.01; done >/dev/null 2>&1')
      const creating = create({ mtu: 1300, addresses: ['10.7.0.1/24'], up: true })
      creating.catch(() => {})
      await until(() => processesOf(name).length > 0, 'the implementation runs')
      await namespace.ip(command.replace('NAME', name))
      await expect(creating).rejects.toMatchObject({ code: 'EEXIST' })
      expect(await wg.link(name)).toMatchObject({ up: false, mtu: 1500 })
      expect(await wg.addresses(name)).toStrictEqual([])
      expect(existsSync(socket())).toBe(false)
    },
  )

  it('that is starting or ending is ENODEV, not another kind of interface', async () => {
    await namespace.ip(`tuntap add dev ${name} mode tun`)
    const missing = { code: 'ENODEV', device: name, hint: expect.stringContaining('starting') }
    await expect(wg.device(name)).rejects.toMatchObject(missing)
    await expect(wg.configureDevice(name, {})).rejects.toMatchObject(missing)
    await expect(wg.peers(name).next()).rejects.toMatchObject(missing)
    await expect(wg.deleteDevice(name)).rejects.toMatchObject(missing)
    await expect(create()).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await namespace.links()).toStrictEqual([name])
    const gone = wg.deleteDevice(name, { ifMissing: 'ignore' })
    await namespace.ip(`link delete dev ${name}`)
    await expect(gone).resolves.toBeUndefined()
  })

  it('that is starting is used with ifExists', async () => {
    await namespace.ip(`tuntap add dev ${name} mode tun`)
    const creating = create({ ifExists: 'use', config: { firewallMark: 7 } })
    creating.catch(() => {})
    // It was found without a socket, if it was found before.
    await wg.link(name)
    await using server = await listen()
    expect(await creating).toMatchObject({ created: false, backend: 'userspace' })
    expect(server.device().firewallMark).toBe(7)
  })

  it('is ended, and not the one that has taken over its path', async () => {
    await serves()
    const device = await create()
    await rm(socket())
    await using server = await listen()
    await device.delete()
    expect(existsSync(server.path)).toBe(true)
    await expect(wg.device(name)).rejects.toMatchObject({ code: 'ENODEV' })
    expect(processesOf(name)).toStrictEqual([])
  })
})

describeWith(hasWireGuardGo, 'a userspace interface that several create at once', () => {
  let namespace: TestNamespace
  let wg: WireGuard
  const names: string[] = []
  beforeEach(async () => {
    namespace = await TestNamespace.create()
    wg = await WireGuard.open({ netns: namespace.pid })
  })
  afterEach(async () => {
    await wg.close()
    await namespace[Symbol.asyncDispose]()
    for (const name of names.splice(0)) await rm(socketOf(name), { force: true })
  })

  const newName = (): string => {
    const name = uniqueName()
    names.push(name)
    return name
  }
  const code = (port: number) => `
    import { WireGuard } from '${built('wireguard')}'
    const wg = await WireGuard.open({ netns: ${namespace.pid} })
    const config = { listenPort: ${port} }
    const options = { backend: 'userspace', config, idleTimeout: 20_000 }
    globalThis.answer = ({ name, ifExists }) => wg.createDevice(name, { ...options, ifExists }).then(
      (device) => (device.created ? 'created' : 'used'),
      (error) => error.code,
    )`

  it('has one creator among processes, and its configuration', async () => {
    await using first = await OtherProcess.start(code(4001))
    await using second = await OtherProcess.start(code(4002))
    for (let round = 0; round < 8; round++) {
      const name = newName()
      const answers = await Promise.all([first.ask({ name }), second.ask({ name })])
      expect(sorted(answers)).toStrictEqual(['EEXIST', 'created'])
      const { listenPort } = await wg.device(name)
      expect(listenPort).toBe(answers[0] === 'created' ? 4001 : 4002)
      expect(processesOf(name)).toHaveLength(1)
      await wg.deleteDevice(name, { idleTimeout: 20_000 })
    }
  }, 60_000)

  it('is created once and used by the others with ifExists', async () => {
    await using first = await OtherProcess.start(code(4001))
    await using second = await OtherProcess.start(code(4002))
    for (let round = 0; round < 4; round++) {
      const question = { name: newName(), ifExists: 'use' }
      const answers = await Promise.all([first.ask(question), second.ask(question)])
      expect(sorted(answers)).toStrictEqual(['created', 'used'])
      await wg.deleteDevice(question.name, { idleTimeout: 20_000 })
    }
  }, 60_000)

  it('has given its port up when another process has deleted it', async () => {
    await using creator = await OtherProcess.start(code(4001))
    const name = newName()
    for (let round = 0; round < 10; round++) {
      expect(await creator.ask({ name })).toBe('created')
      await wg.deleteDevice(name, { idleTimeout: 20_000 })
    }
  }, 60_000)

  it('can be used or deleted when its creator was killed, and the error says how', async () => {
    const name = newName()
    await using creator = await OtherProcess.start(code(4001))
    const answer = creator.ask({ name }).catch(() => {})
    await until(() => existsSync(socketOf(name)), 'the socket exists')
    await creator.kill('SIGKILL')
    void answer
    const options = { backend: 'userspace', idleTimeout: 20_000 } as const
    await expect(wg.createDevice(name, options)).rejects.toMatchObject({
      code: 'EEXIST',
      detail: expect.stringContaining('neither a key nor peers'),
      hint: expect.stringContaining('ifExists'),
    })
    const config = { firewallMark: 7 }
    await expect(
      wg.createDevice(name, { ...options, ifExists: 'use', config }),
    ).resolves.toMatchObject({ created: false })
    expect(await wg.device(name)).toMatchObject(config)
    await wg.deleteDevice(name, { idleTimeout: 20_000 })
    await expect(wg.createDevice(name, options)).resolves.toMatchObject({ created: true })
    await wg.deleteDevice(name, { idleTimeout: 20_000 })
  }, 60_000)

  it('has one creator among threads', async () => {
    const name = newName()
    const thread = `import { parentPort } from 'node:worker_threads'
      ${code(4001)}
      parentPort.postMessage(await answer({ name: '${name}' }))`
    // In a process of their own: nobody waits for the children of a thread that has ended.
    await using threads = await OtherProcess.start(`
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      const url = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(thread)}))
      const run = async () => (await once(new Worker(url), 'message'))[0]
      globalThis.answer = () => Promise.all([run(), run(), run()])`)
    const answers = await threads.ask({})
    expect(sorted(answers as unknown[])).toStrictEqual(['EEXIST', 'EEXIST', 'created'])
    await wg.deleteDevice(name, { idleTimeout: 20_000 })
  }, 60_000)

  it('has one creator when another program starts its daemon', async () => {
    for (let round = 0; round < 8; round++) {
      const name = newName()
      const foreign = namespace.run('sh', '-c', `sleep 0.0${round}; wireguard-go ${name} 2>&1`)
      const [ours, theirs] = await Promise.allSettled([
        wg.createDevice(name, { backend: 'userspace', idleTimeout: 20_000 }),
        foreign,
      ])
      if (ours.status === 'rejected') {
        expect(ours.reason).toMatchObject({ code: 'EEXIST' })
        expect(theirs.status).toBe('fulfilled')
      } else {
        await expect(wg.device(name)).resolves.toMatchObject({ name })
      }
      await until(() => existsSync(socketOf(name)), 'the socket exists')
      expect(await namespace.links()).toStrictEqual([name])
      await wg.deleteDevice(name, { idleTimeout: 20_000 })
    }
  }, 60_000)
})
