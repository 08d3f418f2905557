import { describe, expect, it } from '@jest/globals'
import { tracingChannel } from 'node:diagnostics_channel'
import { Writable } from 'node:stream'
import { NetlinkClient } from 'wireguardnl'
import { FakeSystem } from '../../../../test-fixtures/fakes/system.js'
import { mangledKeys, shows } from '../../../../test-fixtures/mangled-keys.js'
import { describeWith, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { privateKeyOf, samplePeers } from '../../../../test-fixtures/sample.js'
import { startWireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { WireGuard } from '../../src/index.js'
import { commandFixture } from './fixture.js'
import { PLACES } from './places.js'
import { runMain } from './run-main.js'

const LINE = /^debug \d+\.\d ms: .+$/
const KEY = privateKeyOf(7)

const oneAddress = () => Promise.resolve('192.0.2.1')
const noAddress = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))

/** The lines without what differs from run to run. */
function linesOf(stderr: string): string[] {
  const lines = stderr.trimEnd().split('\n')
  expect(lines.filter((line) => !LINE.test(line))).toStrictEqual([])
  return lines.map((line) =>
    line.replace(/^debug [\d.]+ ms: /, '').replace(/ duration=[\d.]+$/, ' duration=N'),
  )
}

describe('--debug', () => {
  const wg = commandFixture()

  it('begins with the versions, and ends with the exit code', async () => {
    const { stderr, stdout, code } = await wg.line('--debug show interfaces')
    expect({ stdout, code }).toStrictEqual({ stdout: 'wg0\n', code: 0 })
    const lines = linesOf(stderr)
    expect(lines[0]).toMatch(
      /^versions: wireguard \d\S+, wireguardcfg \d\S+, wireguardnl \d\S+, koffi \d\S+$/,
    )
    expect(lines[1]).toMatch(/^system: Node\.js v\d\S+, \S+ \S+ \S+, user \d+$/)
    expect(lines[2]).toMatch(/^backends: .*userspace in \/var\/run\/wireguard$/)
    expect(lines.at(-1)).toBe('exit code 0')
  })

  it('prints each call and each request to a daemon', async () => {
    await wg.client.configureDevice('wg0', { peers: samplePeers(2) })
    const { stderr } = await wg.line('--debug show wg0 peers')
    const path = `path=${wg.directory}/wg0.sock`
    expect(linesOf(stderr).slice(5, 11)).toStrictEqual([
      'start call api=WireGuard method=device device=wg0',
      'start call api=UapiClient method=device device=wg0',
      `start request transport=uapi request=get ${path}`,
      expect.stringMatching(
        `^end request transport=uapi request=get ${path} sentBytes=7 receivedBytes=\\d+ errno=0 duration=N$`,
      ),
      'end call api=UapiClient method=device device=wg0 backend=userspace peers=2 duration=N',
      'end call api=WireGuard method=device device=wg0 backend=userspace peers=2 duration=N',
    ])
  })

  it('prints each request to the kernel', async () => {
    const system = new FakeSystem()
    system.add('wg0')
    const open = () => WireGuard.open({ backends: [new NetlinkClient(system.kernel)] })
    const { stderr } = await runMain(['--debug', 'set', 'wg0', 'listen-port', '7'], { open })
    expect(linesOf(stderr)).toContainEqual(
      expect.stringMatching(
        /^end request transport=netlink request=WG_CMD_SET_DEVICE operation="configure device \\"wg0\\"" sentBytes=\d+ receivedBytes=36 datagrams=1 messages=1 interrupted=false errno=0 duration=N$/,
      ),
    )
  })

  it('prints lookups', async () => {
    const line = `set wg0 peer ${samplePeers(1)[0]!.publicKey} endpoint vpn.example.com:1`
    const { stderr } = await wg.run(['--debug', ...line.split(' ')], { lookup: oneAddress })
    expect(linesOf(stderr)).toContainEqual(
      'end lookup host=vpn.example.com address=192.0.2.1 duration=N',
    )
  })

  it('prints the error that the command reports', async () => {
    const { stderr, code } = await wg.line('--debug show wg9')
    expect(code).toBe(1)
    const message = 'Unable to access interface: No such device\n'
    expect(stderr).toContain(message)
    const lines = linesOf(stderr.replace(message, ''))
    expect(lines).toContainEqual(
      'end call api=WireGuard method=device device=wg9 code=ENODEV duration=N',
    )
    expect(lines.at(-1)).toBe('exit code 1')
  })

  it('is the first argument only, and leaves nothing behind', async () => {
    await wg.line('--debug show')
    const kinds = ['call', 'request', 'lookup', 'daemon']
    const heard = kinds.filter((kind) => tracingChannel(`wireguard:${kind}`).hasSubscribers)
    expect(heard).toStrictEqual([])
    const { stderr, code } = await wg.line('show --debug')
    expect(stderr).not.toMatch(/^debug/m)
    expect(code).toBe(1)
  })

  it('does not change the exit code when nobody reads its lines', async () => {
    const stderr = new Writable({
      write: (_chunk, _encoding, done) =>
        done(Object.assign(new Error('closed'), { code: 'EPIPE' })),
    })
    const { stdout, code } = await wg.run(['--debug', 'show', 'interfaces'], { stderr })
    expect({ stdout, code }).toStrictEqual({ stdout: 'wg0\n', code: 0 })
  })

  it.each(PLACES)('hides a key in the place of a %s', async (_, line) => {
    const env = { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }
    for (const [, mangled] of mangledKeys(KEY.bytes())) {
      const { stderr } = await wg.run(['--debug', ...line(mangled.text)], {
        lookup: noAddress,
        env,
      })
      expect(stderr).toMatch(/exit code/)
      expect(shows(stderr, mangled)).toBe(false)
    }
  })

  it('hides the keys that are read and written', async () => {
    const peers = samplePeers(3)
    await wg.client.configureDevice('wg0', { privateKey: KEY, peers })
    const input = `[Interface]\nPrivateKey = ${KEY.toBase64()}\n`
    const shown = [
      await wg.line('--debug show'),
      await wg.line('--debug showconf wg0'),
      await wg.run(['--debug', 'syncconf', 'wg0', '/dev/stdin'], { input }),
      await wg.run(['--debug', 'pubkey'], { input: KEY.toBase64() }),
      await wg.line('--debug genkey'),
    ]
    const stderr = shown.map((result) => result.stderr).join('')
    const stdout = shown.map((result) => result.stdout).join('')
    const keys = stdout.match(/[A-Za-z0-9+/]{43}=/g)!
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => stderr.includes(key))).toStrictEqual([])
    const secrets = mangledKeys(KEY.bytes()).map(([, mangled]) => mangled)
    expect(secrets.filter((mangled) => shows(stderr, mangled))).toStrictEqual([])
  })

  it('escapes what a terminal would obey', async () => {
    const host = 'a\u001b[31m\u202eb'
    const line = ['set', 'wg0', 'peer', samplePeers(1)[0]!.publicKey, 'endpoint', `${host}:1`]
    const odd = await Promise.all([
      wg.run(['--debug', ...line], { lookup: oneAddress }),
      wg.run(['--debug', 'show', 'w\u001b[31m\r\u202e']),
    ])
    for (const { stderr } of odd) {
      const lines = stderr.split('\n').filter((text) => text.startsWith('debug'))
      expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
  })
})

describeWith(hasWireGuardGo, '--debug with a real wireguard-go', () => {
  it('prints what is exchanged', async () => {
    await using daemon = await startWireGuardGo()
    const argv = ['--debug', 'set', daemon.name, 'fwmark', '7']
    const { stderr, code } = await runMain(argv, {
      open: () => WireGuard.open({ backends: ['userspace'] }),
    })
    expect(code).toBe(0)
    expect(linesOf(stderr)).toContainEqual(
      `end request transport=uapi request=set path=${daemon.socketPath} ` +
        'sentBytes=16 receivedBytes=9 errno=0 duration=N',
    )
  }, 60_000)
})
