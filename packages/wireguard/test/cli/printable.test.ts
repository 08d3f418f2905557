// Names, files, arguments and daemons are not trusted with the terminal.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { listenRaw, type RawServer } from '../../../../test-fixtures/fakes/raw-server.js'
import { publicKeyOf } from '../../../../test-fixtures/sample.js'
import { FIELD_NAMES } from '../../src/cli/usage.js'
import { commandFixture } from './fixture.js'
import { runMain } from './run-main.js'

const KEY = publicKeyOf(1)

/** A window title, a control character of one byte, text from right to left, and what is unseen. */
const HOSTILE = '\u001B]0;x\u0007\u009B2J\u202E\u2066\u200B\uFEFF\u00AD\u3164\uDC9B\r'

/** Everything but text, line feeds, and the tabs between fields. */
const UNPRINTABLE = /[^\n\t\P{C}]|[\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u

const LOOKUP = () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))

const PLACES: readonly (readonly [string, (text: string) => readonly string[]])[] = [
  ['subcommand', (text) => [text]],
  ['option', (text) => ['show', `--${text}`]],
  ['interface to show', (text) => ['show', text]],
  ['interface to set', (text) => ['set', text, 'fwmark', '1']],
  ['field', (text) => ['show', 'wg0', text]],
  ['word of set', (text) => ['set', 'wg0', text, 'x']],
  ['port', (text) => ['set', 'wg0', 'listen-port', text]],
  ['mark', (text) => ['set', 'wg0', 'fwmark', text]],
  ['public key', (text) => ['set', 'wg0', 'peer', text]],
  ['path of a key file', (text) => ['set', 'wg0', 'private-key', text]],
  ['interval', (text) => ['set', 'wg0', 'peer', KEY, 'persistent-keepalive', text]],
  ['allowed IP', (text) => ['set', 'wg0', 'peer', KEY, 'allowed-ips', text]],
  ['length of an allowed IP', (text) => ['set', 'wg0', 'peer', KEY, 'allowed-ips', `::/${text}`]],
  ['host', (text) => ['set', 'wg0', 'peer', KEY, 'endpoint', `${text}:51820`]],
  ['port of an endpoint', (text) => ['set', 'wg0', 'peer', KEY, 'endpoint', `192.0.2.1:${text}`]],
  ['path to check', (text) => ['check', text]],
]

describe('what cannot be printed is escaped', () => {
  const wg = commandFixture()

  it.each(PLACES)('in a %s', async (_, line) => {
    const options = { lookup: LOOKUP, env: { WG_ENDPOINT_RESOLUTION_RETRIES: '0' } }
    const { stdout, stderr, code } = await wg.run(line(`a\n${HOSTILE}b`), options)
    expect(stdout + stderr).not.toMatch(UNPRINTABLE)
    // A line feed of the argument is none of the message: nothing passes for another message.
    expect(stderr).not.toMatch(/\nb/)
    expect(code).toBe(1)
  })

  it('in the variable of the number of retries', async () => {
    const env = { WG_ENDPOINT_RESOLUTION_RETRIES: HOSTILE }
    const { stderr } = await wg.run(['set', 'wg0', 'peer', KEY, 'endpoint', '192.0.2.1:1'], { env })
    expect(stderr).toContain('\\u{1b}]0;x\\u{7}\\u{9b}2J')
    expect(stderr).not.toMatch(UNPRINTABLE)
  })

  it.each([
    `[Interface]\n${HOSTILE} = 1\n`,
    `[Interface]\nListenPort = ${HOSTILE}\n`,
    `[${HOSTILE}]\n`,
    `${HOSTILE}\n`,
    `[Peer]\nPublicKey = ${KEY}\nAllowedIPs = 10.0.0.1/8, ${HOSTILE}\n`,
    `[Peer]\nPublicKey = ${KEY}\nEndpoint = ${HOSTILE}:1\n`,
    `[Peer]\nPublicKey = ${KEY}\nEndpoint = fe80::1%\u001Bc:1\n`,
    `\uFEFF[Interface]\nMTU = ${HOSTILE}\n`,
  ])('in a file: %j', async (text) => {
    const path = join(wg.directory, `${HOSTILE}.conf`)
    await writeFile(path, text)
    for (const args of [['check'], ['setconf', 'wg0'], ['syncconf', 'wg0']]) {
      const { stdout, stderr } = await wg.run([...args, path], { lookup: LOOKUP })
      expect(stdout + stderr).not.toBe('')
      expect(stdout + stderr).not.toMatch(UNPRINTABLE)
    }
  })
})

describe('what a daemon says is escaped', () => {
  let server: RawServer
  beforeAll(async () => {
    const peer = `public_key=${'ab'.repeat(32)}\nendpoint=[fe80::1%\u001Bc\u009B\u202E]:1\n`
    server = await listenRaw(async ({ socket, request }) => {
      for (;;) {
        await request()
        socket.write(`${peer}errno=0\n\n`)
      }
    })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  it.each([
    ['show', 'wg0'],
    ['show'],
    ['show', 'wg0', '--json'],
    ['show', 'all', 'endpoints', '--json'],
    ['showconf', 'wg0'],
    ...FIELD_NAMES.map((field) => ['show', 'wg0', field]),
    ...FIELD_NAMES.map((field) => ['show', 'all', field]),
  ])('by %s %s %s', async (...args) => {
    const argv = args.filter((arg) => typeof arg === 'string')
    const { stdout, stderr, code } = await runMain(argv, { directory: server.directory })
    expect({ stderr, code }).toStrictEqual({ stderr: '', code: 0 })
    expect(stdout).not.toBe('')
    expect(stdout).not.toMatch(UNPRINTABLE)
  })

  it('with colours, which are the only codes then', async () => {
    const options = { directory: server.directory, isTTY: true }
    const { stdout } = await runMain(['show', 'wg0'], options)
    // oxlint-disable-next-line no-control-regex -- the codes of colours begin with one
    expect(stdout.replaceAll(/\u001B\[[0-9]{1,2}m/g, '')).not.toMatch(UNPRINTABLE)
  })

  it('and JSON loses nothing', async () => {
    const { stdout } = await runMain(['show', 'wg0', 'endpoints', '--json'], {
      directory: server.directory,
    })
    expect(Object.values(JSON.parse(stdout) as object)).toStrictEqual([
      '[fe80::1%\u001Bc\u009B\u202E]:1',
    ])
  })
})
