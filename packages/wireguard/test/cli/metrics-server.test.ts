import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { tracingChannel } from 'node:diagnostics_channel'
import { EventEmitter, once } from 'node:events'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { metricsRequest } from '../../src/cli/metrics/arguments.js'
import { Scrapes } from '../../src/cli/metrics/scrapes.js'
import { type ServerTimes, serveMetrics } from '../../src/cli/metrics/serve.js'
import { Output } from '../../src/cli/output.js'
import { WireGuard } from '../../src/wireguard.js'
import { publicKeyOf, samplePeers } from '../../../../test-fixtures/sample.js'
import { describeWith, hasPrometheus } from '../../../../test-fixtures/require.js'
import { until } from '../../../../test-fixtures/wait.js'
import { BIN, hasBin } from './bin.js'
import { commandFixture } from './fixture.js'

const A = publicKeyOf(1)
const TOKEN = 'correct-horse-battery-staple'
const fixture = commandFixture()

interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** Sends a request to where the command says that it listens. */
async function ask(
  shown: string,
  headers: Readonly<Record<string, string>> = {},
  options: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const unix = shown.startsWith('unix:')
  const at = unix
    ? { socketPath: shown.slice('unix:'.length), path: '/metrics' }
    : { host: new URL(shown).hostname.replaceAll(/[[\]]/g, ''), port: new URL(shown).port }
  const sent = request({ path: '/metrics', ...at, agent: false, headers, ...options })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = Buffer.concat(await response.toArray()).toString()
  return { status: response.statusCode!, type: response.headers['content-type'] ?? '', text }
}

/** A running `wireguard metrics --listen`. */
interface Running {
  readonly shown: string
  readonly stderr: () => string
  end(): Promise<number>
}

/** A stream that passes on its text. */
function collect(onText: (text: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _, done) {
      onText(String(chunk))
      done()
    },
  })
}

/** A client that takes one byte, and no more. */
function slowClient(shown: string): Socket {
  const socket = connect(Number(new URL(shown).port), '127.0.0.1')
  socket.write(`GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  socket.on('error', () => {})
  socket.once('readable', () => socket.read(1))
  return socket
}

const namesFile = (name: string) => `[Peer]\n# friendly_name = ${name}\nPublicKey = ${A}\n`

describe('metrics --listen', () => {
  const all: Running[] = []
  beforeEach(() => fixture.client.configureDevice('wg0', { peers: [{ publicKey: A }] }))
  afterEach(async () => {
    await Promise.all(all.splice(0).map((running) => running.end()))
  })

  /** Starts the server in this process. */
  async function serve(args: readonly string[], times: ServerTimes = {}): Promise<Running> {
    const ended = new AbortController()
    const [lines, errors] = [new EventEmitter(), [] as string[]]
    const stdout = collect((text) => lines.emit('text', text))
    const stderr = collect((text) => errors.push(text))
    const streams = {
      stdin: process.stdin,
      stdout,
      stderr,
      env: {},
      ended: ended.signal,
      open: () =>
        WireGuard.open({ socketDirectory: fixture.directory, backends: ['userspace'] as const }),
    }
    const context = {
      streams,
      program: 'wireguard',
      out: new Output(() => stdout),
      err: new Output(() => stderr, true),
    }
    const asked = metricsRequest(args)
    const first = once(lines, 'text')
    const code = serveMetrics(asked.listen!, asked, context, times)
    const [shown] = (await Promise.race([first, code.then(() => ['ended'])])) as [string]
    const running = {
      shown: shown.trim(),
      stderr: () => errors.join(''),
      end: async () => {
        ended.abort()
        return await code
      },
    }
    all.push(running)
    return running
  }

  it('serves what a client accepts, under one path, until it is ended', async () => {
    const running = await serve(['--listen', '0'])
    const { shown } = running
    expect(shown).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    const line = `wireguard_device_peers{device="wg0"} 1\n`
    const older = await ask(shown)
    expect(older).toMatchObject({ status: 200, type: expect.stringContaining('version=0.0.4') })
    expect(older.text).toContain(line)
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5'
    const newer = await ask(shown, { accept })
    expect(newer.type).toContain('openmetrics-text; version=1.0.0')
    expect(newer.text).toMatch(/\n# EOF\n$/)
    expect(await ask(shown, {}, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    expect(await ask(shown, {}, { method: 'POST' })).toMatchObject({ status: 405 })
    expect(await ask(shown, {}, { path: '/' })).toMatchObject({ status: 404 })
    expect(await ask(shown, {}, { path: '/metrics?x=1' })).toMatchObject({ status: 200 })
    expect(await running.end()).toBe(0)
    await expect(ask(shown)).rejects.toThrow('ECONNREFUSED')
  })

  it('refuses names that lead to the loopback by DNS', async () => {
    const { shown } = await serve(['--listen', '0', '--host', 'Metrics.example'])
    const { port } = new URL(shown)
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', '.']) {
      expect(await ask(shown, { host })).toMatchObject({ status: 421, text: 'unknown host\n' })
    }
    for (const host of [`127.0.0.1:${port}`, 'localhost', `[::1]:${port}`, 'metrics.EXAMPLE:80']) {
      expect(await ask(shown, { host })).toMatchObject({ status: 200 })
    }
  })

  it('wants the token, and one where other machines can connect', async () => {
    const tokenFile = `${fixture.directory}/token`
    await writeFile(tokenFile, `${TOKEN}\n`)
    const { shown } = await serve(['--listen', '0.0.0.0:0', '--token-file', tokenFile])
    const at = shown.replace('0.0.0.0', '127.0.0.1')
    const wrong = ['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`]
    for (const authorization of wrong) {
      const answer = await ask(at, { authorization })
      expect(answer).toMatchObject({ status: 401 })
      expect(answer.text).not.toContain('wireguard_')
    }
    const authorization = `Bearer ${TOKEN}`
    expect(await ask(at, { authorization, host: 'any.example' })).toMatchObject({ status: 200 })
    for (const address of ['0.0.0.0:0', '[::]:0']) {
      expect(await fixture.run(['metrics', '--listen', address])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('give --token-file FILE'),
      })
    }
    await writeFile(tokenFile, 'short')
    const short = await fixture.run(['metrics', '--listen', '0', '--token-file', tokenFile])
    expect(short).toMatchObject({ code: 1, stderr: expect.stringContaining('at least 16') })
  })

  it('serves at a unix socket of its user and group, and replaces nothing but a stale one', async () => {
    const path = `${fixture.directory}/metrics.socket`
    const running = await serve(['--listen', `unix:${path}`])
    const { shown } = running
    expect(shown).toBe(`unix:${path}`)
    expect((await stat(path)).mode & 0o777).toBe(0o660)
    expect(await ask(shown)).toMatchObject({ status: 200 })
    const second = await fixture.run(['metrics', '--listen', `unix:${path}`])
    expect(second.stderr).toContain('Address already in use')
    expect(await running.end()).toBe(0)
    await expect(stat(path)).rejects.toThrow('ENOENT')

    // What a process that was killed leaves.
    const script = 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'
    await once(spawn('python3', ['-c', script, path]), 'exit')
    const again = await serve(['--listen', `unix:${path}`])
    expect(await ask(again.shown)).toMatchObject({ status: 200 })

    const file = `${fixture.directory}/not-a-socket`
    await writeFile(file, 'precious')
    const third = await fixture.run(['metrics', '--listen', `unix:${file}`])
    expect(third).toMatchObject({ code: 1, stderr: expect.stringContaining('already in use') })
    expect(await readFile(file, 'utf8')).toBe('precious')
  })

  it('shares a read among 1,000 scrapes at once', async () => {
    const { shown } = await serve(['--listen', '0'])
    let reads = 0
    const count = { start: (call: unknown) => (reads += isReadOfAll(call) ? 1 : 0) }
    const calls = tracingChannel('wireguard:call')
    calls.subscribe(count as never)
    const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(shown)))
    calls.unsubscribe(count as never)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(reads).toBeGreaterThan(0)
    // A read is used for a second.
    expect(reads).toBeLessThan(10)
  }, 60_000)

  it('tells of names that were edited, and of a file that no longer has any', async () => {
    const path = `${fixture.directory}/names.conf`
    await writeFile(path, namesFile('laptop'))
    const { shown, stderr } = await serve(['--listen', '0', '--conf', path], { freshFor: 0 })
    expect((await ask(shown)).text).toContain('name="laptop"')
    await writeFile(path, namesFile('telephone'))
    expect((await ask(shown)).text).toContain('name="telephone"')
    await writeFile(path, '[Peer]\nPublicKey = x\n')
    expect((await ask(shown)).text).toContain('name="telephone"')
    await until(() => Promise.resolve(stderr().includes('line 2')))
  })

  it('has what can be read while a device hangs', async () => {
    const hanging = createServer().listen(`${fixture.directory}/wg9.sock`)
    const sockets: Socket[] = []
    hanging.on('connection', (socket) => sockets.push(socket))
    const { shown } = await serve(['--listen', '0'])
    const { text } = await ask(shown)
    expect(text).toContain('wireguard_up{device="wg0"} 1\n')
    expect(text).toContain('wireguard_up{device="wg9"} 0\n')
    expect(text).toContain('wireguard_scrape_errors 1\n')
    for (const socket of sockets) socket.destroy()
    hanging.close()
  }, 30_000)

  describe('slow clients', () => {
    it('lose their connection, and hold nobody up', async () => {
      await fixture.client.configureDevice('wg0', { peers: samplePeers(10_000) })
      const { shown } = await serve(['--listen', '0'], { answerTimeout: 2000 })
      const slow = slowClient(shown)
      await once(slow, 'readable')
      const { status, text } = await ask(shown)
      expect({ status, isWhole: text.length > 9_000_000 }).toEqual({ status: 200, isWhole: true })
      // A byte from time to time does not help.
      const [begun, chunks] = [performance.now(), [] as Buffer[]]
      await until(() => {
        const byte = slow.read(1) as Buffer | null
        if (byte !== null) chunks.push(byte)
        return performance.now() - begun > 2500
      }, 'its time is over')
      slow.on('data', (chunk: Buffer) => chunks.push(chunk))
      await once(slow, 'close')
      expect(Buffer.concat(chunks).byteLength).toBeLessThan(text.length)
    }, 60_000)

    it('never send the head of a request for ever', async () => {
      const { shown } = await serve(['--listen', '0'])
      const socket = connect(Number(new URL(shown).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET /metrics HTTP/1.1\r\nX: ')
      const timer = setInterval(() => socket.write('x'), 500)
      socket.resume()
      await once(socket, 'close')
      clearInterval(timer)
      expect(await ask(shown)).toMatchObject({ status: 200 })
    }, 30_000)

    it('hold at most eight texts, whatever their number', async () => {
      const scrapes = new Scrapes({
        freshFor: 0,
        read: () => Promise.resolve({ devices: [], failed: ['wg0'], duration: 0 }),
        options: (format) =>
          Promise.resolve({
            format,
            profile: 'default',
            names: new Map(),
            endpoints: false,
            now: 0,
          }),
      })
      const destroyed: number[] = []
      const responses = Array.from({ length: 20 }, (_, i) =>
        Object.assign(new EventEmitter(), {
          destroy(): void {
            destroyed.push(i)
          },
        }),
      )
      // Two of each text.
      for (let i = 0; i < 20; i += 2) {
        await Promise.all(
          [i, i + 1].map((j) =>
            scrapes.text('prometheus', responses[j] as unknown as ServerResponse),
          ),
        )
      }
      expect(destroyed).toEqual([0, 1, 2, 3])
      // One that has gone during its read holds nothing.
      const gone = Object.assign(new EventEmitter(), { destroyed: true, destroy: () => {} })
      await scrapes.text('prometheus', gone as unknown as ServerResponse)
      expect(gone.listenerCount('close')).toBe(0)
    })
  })
})

function isReadOfAll(call: unknown): boolean {
  return (call as { readonly method?: string }).method === 'devices'
}

it.each([
  ['metrics --listen x', 'expected PORT, ADDRESS:PORT, unix:/PATH or systemd'],
  ['metrics --listen 99999', 'expected PORT'],
  ['metrics --listen example.com:80', 'expected PORT'],
  ['metrics --listen ::1:80', 'expected PORT'],
  ['metrics --listen unix:relative', 'expected PORT'],
  ['metrics --listen 0 --output /tmp/x', '--listen and --output exclude each other'],
  ['metrics --token-file /dev/null', 'are for --listen'],
  ['metrics --listen systemd', 'systemd has passed no socket'],
  ['metrics --listen 192.0.2.1:0', 'Cannot assign requested address'],
  ['metrics --listen 0 --token-file /does/not/exist', 'No such file'],
])('`%s` fails', async (line, message) => {
  const { code, stdout, stderr } = await fixture.line(line)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(message)
})

/** Runs a program with a socket that listens as descriptor 3, as systemd does. */
const ACTIVATE = `
import os, socket, sys
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print(s.getsockname()[1], flush=True)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')
os.execvp(sys.argv[1], sys.argv[1:])
`

describeWith(hasBin, 'metrics as a process', () => {
  it('serves at a socket that systemd has opened, and ends with SIGTERM', async () => {
    const args = [process.execPath, BIN, 'metrics', '--listen', 'systemd']
    const child = spawn('python3', ['-c', ACTIVATE, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const port = (await lines.next()).value
    expect((await lines.next()).value).toBe(`http://127.0.0.1:${port}/metrics`)
    expect(await ask(`http://127.0.0.1:${port}/metrics`)).toMatchObject({ status: 200 })
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }, 60_000)
})

describeWith(hasPrometheus, 'a real Prometheus', () => {
  it('scrapes the server', async () => {
    await fixture.client.configureDevice('wg0', { peers: [{ publicKey: A }] })
    const tokenFile = `${fixture.directory}/prometheus-token`
    await writeFile(tokenFile, TOKEN)
    const ended = new AbortController()
    const port = 20_000 + (process.pid % 10_000)
    const serving = fixture.run(
      ['metrics', '--listen', `127.0.0.1:${port}`, '--token-file', tokenFile],
      { ended: ended.signal },
    )
    const config = `${fixture.directory}/prometheus.yml`
    await chmod(fixture.directory, 0o755)
    await writeFile(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [
          {
            job_name: 'wireguard',
            authorization: { credentials_file: tokenFile },
            static_configs: [{ targets: [`127.0.0.1:${port}`] }],
          },
        ],
      }),
    )
    const own = port + 10_000
    const prometheus = spawn('prometheus', [
      `--config.file=${config}`,
      `--storage.tsdb.path=${fixture.directory}/tsdb`,
      `--web.listen-address=127.0.0.1:${own}`,
    ])
    const query = async (text: string): Promise<string> => {
      const path = `/api/v1/query?query=${encodeURIComponent(text)}`
      const answer = await ask(`http://127.0.0.1:${own}/x`, {}, { path }).catch(() => undefined)
      return answer?.text ?? ''
    }
    await until(async () => (await query('wireguard_peer_info')).includes(A), 'it has scraped')
    expect(JSON.parse(await query('up'))).toMatchObject({
      data: { result: [{ value: [expect.any(Number), '1'] }] },
    })
    prometheus.kill('SIGTERM')
    await once(prometheus, 'exit')
    ended.abort()
    expect(await serving).toMatchObject({ code: 0, stderr: '' })
  }, 60_000)
})
