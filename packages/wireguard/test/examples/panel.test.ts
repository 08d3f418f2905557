import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { SecretKey, WireGuard } from '../../src/index.js'
import { checkConf, parseConf } from '../../src/conf.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { startWireGuardGo, type WireGuardGo } from '../../../../test-fixtures/wireguard-go.js'

const EXAMPLES = new URL('../../examples/', import.meta.url)
const exampleAt = (file: string): string => fileURLToPath(new URL(file, EXAMPLES))
const TOKEN = 'x'.repeat(64)
const OLD = SecretKey.generatePrivate().publicKey()
const FILE = `# do not lose this
[Interface]
Address = 10.8.0.1/29
PrivateKey = ${SecretKey.generatePrivate().toBase64()}

# Client: old
# expires 2020-01-01T00:00:00Z
[Peer]
PublicKey = ${OLD}
AllowedIPs = 10.8.0.3/32
`

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: never
}

describeWith(hasWireGuardGo, 'the examples that are applications, with a real wireguard-go', () => {
  let daemon: WireGuardGo
  let directory: TemporaryDirectory
  let panel: ChildProcess
  let port: number
  const path = () => `${directory.path}/wg0.conf`

  beforeAll(async () => {
    daemon = await startWireGuardGo()
    directory = await temporaryDirectory()
    await writeFile(path(), FILE)
    await using wg = await WireGuard.open()
    await wg.applyConf(daemon.name, FILE)
    panel = spawn(process.execPath, [exampleAt('panel.mjs'), daemon.name, path()], {
      env: { ...process.env, PANEL_TOKEN: TOKEN, ENDPOINT: 'vpn.example.com:51820', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(panel.stdout!), 'line')) as [string]
    port = Number(line.replace('port ', ''))
  }, 60_000)

  afterAll(async () => {
    panel.kill('SIGTERM')
    await once(panel, 'exit')
    await daemon.stop()
    await directory[Symbol.asyncDispose]()
  }, 60_000)

  /** Sends a request, with the headers of a caller who may. */
  async function call(
    method: string,
    key: string | undefined,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const url = key === undefined ? '/clients' : `/clients/${encodeURIComponent(key)}`
    const sent = request({
      port,
      host: '127.0.0.1',
      path: url,
      method,
      headers: {
        host: `127.0.0.1:${port}`,
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    })
    sent.end(typeof body === 'string' ? body : JSON.stringify(body))
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const text = Buffer.concat(await response.toArray()).toString()
    return {
      status: response.statusCode!,
      headers: response.headers,
      body: JSON.parse(text) as never,
    }
  }

  const peersOf = async (): Promise<Map<string, readonly string[]>> => {
    await using wg = await WireGuard.open()
    const { peers } = await wg.device(daemon.name)
    return new Map(peers.map(({ publicKey, allowedIPs }) => [publicKey, allowedIPs]))
  }

  it('the panel adds, lists, renames, disables, enables and deletes clients', async () => {
    const added = await call('POST', undefined, { name: 'anna' })
    expect(added).toMatchObject({ status: 201, headers: { 'cache-control': 'no-store' } })
    const { publicKey, address, file } = added.body as Record<string, string>
    expect(address).toBe('10.8.0.2')
    const client = parseConf(file!)
    expect(checkConf(client)).toEqual([])
    expect(SecretKey.parse(client.get('PrivateKey')!).publicKey()).toBe(publicKey)
    // The key is with the client alone.
    expect(await readFile(path(), 'utf8')).not.toContain(client.get('PrivateKey'))
    expect(await peersOf()).toEqual(
      new Map([
        [OLD, ['10.8.0.3/32']],
        [publicKey, [`${address}/32`]],
      ]),
    )

    const renamed = { name: "Anna's phone", enabled: false }
    expect(await call('PATCH', publicKey, renamed)).toMatchObject({ status: 200 })
    expect([...(await peersOf()).keys()]).toEqual([OLD])
    const listed = await call('GET', undefined)
    expect(listed.body).toMatchObject([
      { publicKey: OLD, name: 'old', enabled: true, connected: false },
      { publicKey, name: "Anna's phone", enabled: false, allowedIPs: [`${address}/32`] },
    ])
    expect(JSON.stringify(listed.body)).not.toContain('resharedKey')

    // The address of a disabled client is not given to another one, until none is left.
    const next = await Promise.all([4, 5, 6].map((n) => call('POST', undefined, { name: `${n}` })))
    expect(next.map(({ body }) => (body as { address: string }).address).toSorted()).toEqual([
      '10.8.0.4',
      '10.8.0.5',
      '10.8.0.6',
    ])
    const full = await call('POST', undefined, { name: 'too many' })
    expect(full.status).toBe(409)
    expect(JSON.stringify(full.body)).toContain('no address is left')

    expect(await call('PATCH', publicKey, { enabled: true })).toMatchObject({ status: 200 })
    expect((await peersOf()).get(publicKey!)).toEqual([`${address}/32`])
    for (const { body } of [added, ...next]) {
      expect(await call('DELETE', (body as { publicKey: string }).publicKey)).toMatchObject({
        status: 200,
      })
    }
    expect(await readFile(path(), 'utf8')).toBe(FILE)
    expect([...(await peersOf()).keys()]).toEqual([OLD])
  }, 60_000)

  it.each<[string, number, string, string | undefined, unknown, Record<string, string>]>([
    ['a caller without the token', 401, 'GET', undefined, undefined, { authorization: '' }],
    ['another token', 401, 'GET', undefined, undefined, { authorization: `Bearer ${TOKEN}x` }],
    ['a name that DNS leads here', 421, 'GET', undefined, undefined, { host: 'evil.example:80' }],
    ['a page of another site', 403, 'GET', undefined, undefined, { origin: 'http://evil.example' }],
    ['a form', 415, 'POST', undefined, 'name=x', { 'content-type': 'text/plain' }],
    ['a large body', 413, 'POST', undefined, { name: 'x'.repeat(100_000) }, {}],
    ['no JSON', 400, 'POST', undefined, '{', {}],
    ['a name of two lines', 400, 'POST', undefined, { name: 'a\nPostUp = x' }, {}],
    ['a name that is none', 400, 'POST', undefined, { name: 5 }, {}],
    ['a client that is not there', 404, 'PATCH', 'x', { enabled: false }, {}],
    ['a client to delete that is not there', 404, 'DELETE', 'x', undefined, {}],
    ['a method', 405, 'PUT', undefined, {}, {}],
  ])('the panel refuses %s', async (_, status, method, key, body, headers) => {
    expect(await call(method, key, body, headers)).toMatchObject({ status })
    expect(await readFile(path(), 'utf8')).toBe(FILE)
  })

  it('expire.mjs disables those whose time is up, once', async () => {
    const expire = [process.execPath, exampleAt('expire.mjs'), daemon.name, path()] as const
    expect(await runCommand(expire)).toEqual({ stdout: 'disabled old\n', stderr: '', code: 0 })
    expect(await peersOf()).toEqual(new Map())
    expect(await runCommand(expire)).toEqual({ stdout: '', stderr: '', code: 0 })
    expect(await call('PATCH', OLD, { enabled: true })).toMatchObject({ status: 200 })
    expect(await readFile(path(), 'utf8')).toBe(FILE)
  }, 30_000)
})
