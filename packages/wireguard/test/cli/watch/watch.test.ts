import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { type PublicKey, SecretKey } from 'wireguardcfg'
import { UapiServer } from 'wireguardcfg/server'
import { WireGuard } from '../../../src/wireguard.js'
import { publicKeyOf } from '../../../../../test-fixtures/sample.js'
import { describeWith, hasTmux } from '../../../../../test-fixtures/require.js'
import {
  temporaryDirectory,
  type TemporaryDirectory,
} from '../../../../../test-fixtures/directory.js'
import { until } from '../../../../../test-fixtures/wait.js'
import { Terminal } from '../../support/tmux.js'
import { BIN, hasBin } from '../bin.js'
import { commandFixture } from '../fixture.js'

/** Everything that a terminal had better not get. */
const EVIL = 'evil\u001B[31m\u009B2J\u202e\u0007"\\'
const NAMES = ['laptop', '日本語の名前', EVIL, 'a name that is far too long for any column of it']
const fixture = commandFixture()
const [A, B] = [publicKeyOf(1), publicKeyOf(2)]

describe('events as JSON', () => {
  it('are one a line, with names and without secrets', async () => {
    const conf = `${fixture.directory}/names.conf`
    await writeFile(conf, `[Peer]\n# friendly_name = ${EVIL}\nPublicKey = ${A}\n`)
    const ended = new AbortController()
    const args = ['watch', '--conf', conf, '--traffic', '--interval', '0.1', 'wg0']
    const running = fixture.run(args, { ended: ended.signal, isTTY: true })
    await using wg = await WireGuard.open({
      socketDirectory: fixture.directory,
      backends: ['userspace'],
    })
    await using watcher = wg.watch({ interval: 100 })
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of watcher) seen.push(type)
    })()
    await until(() => seen.includes('device-added'))
    const secrets = [SecretKey.generatePrivate(), SecretKey.generatePreshared()] as const
    await fixture.client.configureDevice('wg0', {
      privateKey: secrets[0],
      peers: [
        {
          publicKey: A,
          presharedKey: secrets[1],
          endpoint: { host: '2001:db8::1', port: 5 },
        },
      ],
    })
    await until(() => seen.includes('peer-added'))
    fixture.server.setPeer(A, { receiveBytes: 1000, lastHandshake: new Date() })
    await until(() => seen.includes('connected'))
    // Both watchers read at the same pace, each at its own times.
    await fixture.client.configureDevice('wg0', { peers: [{ publicKey: B }] })
    await until(() => seen.filter((type) => type === 'peer-added').length === 2)
    await fixture.client.configureDevice('wg0', { peers: [{ publicKey: A, remove: true }] })
    await until(() => seen.includes('peer-removed'))
    await watcher.return()
    await following
    ended.abort()
    const { stdout, stderr, code } = await running
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout).toMatch(/^[\n -~]*$/)
    for (const secret of secrets) expect(stdout).not.toContain(secret.toBase64())
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events[0]).toMatchObject({ type: 'device-added', device: 'wg0', initial: true })
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'peer-added', publicKey: A, name: EVIL }),
    )
    expect(events).toContainEqual(expect.objectContaining({ type: 'handshake', publicKey: A }))
    for (const { at } of events) expect(new Date(at as string).toISOString()).toBe(at)
  }, 30_000)

  it.each([
    ['watch --interval x', '--interval: expected seconds'],
    ['watch --interval 0', '--interval: expected seconds'],
    ['watch --nonsense', "Unknown option '--nonsense'"],
    ['watch ../etc', 'interface name'],
    ['watch --conf /does/not/exist', 'No such file'],
  ])('`%s` fails', async (line, message) => {
    const { code, stdout, stderr } = await fixture.line(line)
    expect({ code, stdout, isTold: stderr.includes(message) }).toEqual({
      code: 1,
      stdout: '',
      isTold: true,
    })
  })
})

describeWith([hasBin, hasTmux], 'the view in a terminal', () => {
  const name = `watched${process.pid % 10_000}`
  const peers: PublicKey[] = NAMES.map((_, i) => publicKeyOf(i + 10))
  let server: UapiServer
  let directory: TemporaryDirectory
  let command: string
  beforeAll(async () => {
    server = await UapiServer.listen({ name })
    await using wg = await WireGuard.open({ backends: ['userspace'] })
    await wg.configureDevice(name, {
      peers: peers.map((publicKey, i) => ({ publicKey, endpoint: `192.0.2.${i + 1}:51820` })),
    })
    server.setPeer(peers[0]!, {
      lastHandshake: new Date(),
      receiveBytes: 5 * 2 ** 30,
      transmitBytes: 1023,
    })
    directory = await temporaryDirectory()
    const conf = `${directory.path}/names.conf`
    await writeFile(
      conf,
      peers
        .map((key, i) => `[Peer]\n# friendly_name = ${NAMES[i]!}\nPublicKey = ${key}\n`)
        .join(''),
    )
    command = `'${process.execPath}' '${BIN}' watch ${name} --conf '${conf}'`
  })
  afterAll(async () => {
    await server.close()
    await directory[Symbol.asyncDispose]()
  })

  it.each([
    [160, 24, /INTERFACE +PEER +ENDPOINT +HANDSHAKE +RECEIVED\/S +SENT\/S +RECEIVED +SENT$/],
    [80, 24, /INTERFACE +PEER +HANDSHAKE +RECEIVED\/S +SENT\/S$/],
    [20, 8, /^PEER +HANDSHAKE$/],
  ])(
    'of %i columns and %i lines shows what fits',
    async (columns, rows, titles) => {
      await using terminal = await Terminal.open(columns, rows)
      const before = await terminal.flags()
      await terminal.enter(`clear; ${command}`)
      const lines = await terminal.untilShows('laptop')
      expect(lines).toHaveLength(rows)
      expect(lines[0]).toContain('1 of 4 peers connec'.slice(0, columns - 1))
      expect(lines[1]!.replace(' v', '  ')).toMatch(titles)
      const laptop = lines.find((line) => line.includes('laptop'))!
      expect(laptop).toMatch(/\b\d+s\b/)
      expect(laptop.includes('5.0 GiB')).toBe(columns === 160)
      // A name that is wider than its characters moves nothing.
      const wide = lines.find((line) => line.includes('日本'))!
      expect(wide).toMatch(columns === 20 ? /never$/ : /日本語の名前 .*never/)
      expect(lines.join('\n')).not.toMatch(/\u202e/)
      if (columns > 20) expect(lines.join('\n')).toContain('evil\\u{1b}[31m')
      await terminal.press('q')
      await terminal.untilShows(/^ready>$/m)
      expect(await terminal.flags()).toEqual(before)
    },
    60_000,
  )

  it('follows keys, sizes and devices', async () => {
    await using terminal = await Terminal.open(100, 24)
    await terminal.enter(command)
    await terminal.untilShows('laptop')
    await terminal.press('c')
    await terminal.untilShows('1 shown')
    await terminal.press('c', '/')
    await terminal.untilShows('filter: _')
    await terminal.press('e', 'v', 'i', 'l')
    await terminal.untilShows(/1 shown[^]*filter: evil_/)
    await terminal.press('Enter')
    await terminal.untilShows('q quit')
    await terminal.press('Escape', 'h', 'v')
    await terminal.untilShows(/HANDSHAKE \^/)
    await terminal.resize(60, 6)
    await terminal.untilShows(/^\S.*\n.*PEER[^\n]*\n(?:[^\n]*\n){3}q quit/)
    await terminal.press('G')
    const lines = await terminal.untilShows('laptop')
    expect(lines).toHaveLength(6)
    // What another program does is there after the next read.
    await using wg = await WireGuard.open({ backends: ['userspace'] })
    await wg.setPeer(name, { publicKey: publicKeyOf(99) })
    await terminal.untilShows('of 5 peers')
    await wg.removePeer(name, publicKeyOf(99))
    await terminal.untilShows('of 4 peers')
  }, 60_000)

  it.each([
    ['', true],
    ['NO_COLOR=1 ', false],
    ['WG_COLOR_MODE=never ', false],
  ])(
    'with %j has colours: %s',
    async (variable, isColoured) => {
      await using terminal = await Terminal.open(100, 24)
      await terminal.enter(variable + command)
      await terminal.untilShows('laptop')
      const line = (await terminal.lines(true)).find((text) => text.includes('laptop'))!
      expect(line.includes('\u001B[32m')).toBe(isColoured)
    },
    60_000,
  )

  it.each([
    ['SIGTERM', ''],
    ['SIGINT', ''],
    ['a crash', 'boom'],
  ])(
    'gives the terminal back after %s',
    async (how, message) => {
      await using terminal = await Terminal.open(100, 24)
      const before = await terminal.flags()
      const crash = `${directory.path}/crash.mjs`
      await writeFile(crash, `setTimeout(() => { throw new Error('boom') }, 3000)`)
      await terminal.enter(
        `${how === 'a crash' ? `NODE_OPTIONS='--import ${crash}' ` : ''}${command}; echo ended $?`,
      )
      await terminal.untilShows('laptop')
      expect(await terminal.flags()).toMatchObject({ isAlternate: true, hasCursor: false })
      if (how !== 'a crash') await once(spawn('pkill', [`-${how}`, '-f', `watch ${name}`]), 'exit')
      const lines = await terminal.untilShows(/ended \d/)
      expect(lines.join('\n')).toContain(message)
      expect(lines.join('\n')).toContain(`ended ${how === 'a crash' ? 1 : 0}`)
      expect(await terminal.flags()).toEqual(before)
    },
    60_000,
  )

  it('gives the terminal to the shell while it is suspended', async () => {
    await using terminal = await Terminal.open(100, 24)
    const before = await terminal.flags()
    await terminal.enter(command)
    await terminal.untilShows('laptop')
    await terminal.press('C-z')
    await terminal.untilShows('Stopped')
    expect(await terminal.flags()).toMatchObject({ ...before, settings: expect.anything() })
    await terminal.enter('fg')
    await terminal.untilShows(/HANDSHAKE[^]*laptop/)
    await terminal.press('q')
    await terminal.untilShows(/^ready>$/m)
    expect(await terminal.flags()).toEqual(before)
  }, 60_000)

  it('prints JSON where the terminal cannot move, and ends with its reader', async () => {
    await using terminal = await Terminal.open(200, 24, { TERM: 'dumb' })
    await terminal.enter(`clear; TERM=dumb ${command} | head -n 1`)
    await terminal.untilShows('{"type":"device-added"')
    await terminal.press('C-c')
    await terminal.enter(`clear; TERM=dumb ${command}`)
    const lines = await terminal.untilShows('"type":"peer-added"')
    expect(lines[0]).toMatch(/^\{"type":"device-added".*\}$/)
  }, 60_000)
})

describeWith(hasBin, 'watch as a process', () => {
  it('prints until SIGTERM', async () => {
    const server = await UapiServer.listen({ name: `ended${process.pid % 10_000}` })
    const child = spawn(process.execPath, [BIN, 'watch', server.name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)
    const [line] = (await once(lines, 'line')) as [string]
    expect(JSON.parse(line)).toMatchObject({ type: 'device-added', device: server.name })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
    lines.close()
    await server.close()
  }, 30_000)
})
