import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Registry } from 'prom-client'
import { deviceFromJSON, deviceToJSON, type Device, SecretKey, WireGuard } from 'wireguard'
import {
  collectMetrics,
  METRICS_CONTENT_TYPES,
  metricsChunks,
  peerNames,
  registerMetrics,
  renderMetrics,
} from 'wireguard/metrics'
import { UapiServer } from 'wireguard/server'
import { caught } from '../../../../test-fixtures/caught.js'
import { runCommand } from '../../../../test-fixtures/command.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith, hasMetricsParser, hasPrometheus } from '../../../../test-fixtures/require.js'
import { publicKeyOf, sampleDevice, samplePeer } from '../../../../test-fixtures/sample.js'

const [LAPTOP, PHONE] = [publicKeyOf(1), publicKeyOf(2)]
const OWN = publicKeyOf(9)
/** Everything that a name had better not do to a format or a terminal. */
const ODD = 'a "b" \\ \n\r\t\u001b[31m é \u202e \ud800'
const NOW = Date.UTC(2026, 10, 27)

function device(name: string, ...peers: Partial<Device['peers'][number]>[]): Device {
  return sampleDevice({
    name,
    privateKey: SecretKey.generatePrivate(),
    publicKey: OWN,
    listenPort: 51_820,
    peers: peers.map((peer) => samplePeer(peer)),
  })
}

const WG0 = device(
  'wg0',
  {
    publicKey: LAPTOP,
    presharedKey: SecretKey.generatePreshared(),
    endpoint: { host: '2001:db8::1', port: 51_820 },
    persistentKeepalive: 25,
    lastHandshake: new Date(NOW - 1500),
    receiveBytes: 9_007_199_254_740_991,
    transmitBytes: 2,
    allowedIPs: ['10.8.0.2/32', 'fd00:8::2/128'],
  },
  { publicKey: PHONE },
)

describe('metrics', () => {
  it('have the names and labels of the exporters that dashboards are made for', () => {
    const text = renderMetrics([WG0], { profile: 'all', now: NOW, names: new Map([[LAPTOP, 'x']]) })
    const lines = text.split('\n')
    const at = `device="wg0",public_key="${LAPTOP}"`
    const other = `interface="wg0",public_key="${LAPTOP}",allowed_ips="10.8.0.2/32,fd00:8::2/128",friendly_name="x"`
    const never = `interface="wg0",public_key="${PHONE}",allowed_ips=""`
    expect(lines).toEqual(
      expect.arrayContaining([
        `wireguard_device_info{device="wg0",public_key="${OWN}"} 1`,
        `wireguard_peer_info{${at},endpoint="",name="x"} 1`,
        `wireguard_peer_allowed_ips_info{${at},allowed_ips="10.8.0.2/32",family="IPv4"} 1`,
        `wireguard_peer_allowed_ips_info{${at},allowed_ips="fd00:8::2/128",family="IPv6"} 1`,
        '# TYPE wireguard_peer_receive_bytes_total counter',
        `wireguard_peer_receive_bytes_total{${at}} 9007199254740991`,
        `wireguard_peer_transmit_bytes_total{${at}} 2`,
        `wireguard_peer_last_handshake_seconds{${at}} ${NOW / 1000 - 2}`,
        `wireguard_peer_last_handshake_seconds{device="wg0",public_key="${PHONE}"} 0`,
        `wireguard_peer_connected{${at}} 1`,
        `wireguard_peer_connected{device="wg0",public_key="${PHONE}"} 0`,
        `wireguard_peer_persistent_keepalive_seconds{${at}} 25`,
        `wireguard_peer_allowed_ip_entries{${at}} 2`,
        'wireguard_device_peers{device="wg0"} 2',
        'wireguard_device_listen_port{device="wg0"} 51820',
        'wireguard_up{device="wg0"} 1',
        'wireguard_scrape_errors 0',
        '# TYPE wireguard_sent_bytes_total counter',
        `wireguard_sent_bytes_total{${other}} 2`,
        `wireguard_received_bytes_total{${other}} 9007199254740991`,
        `wireguard_latest_handshake_seconds{${never}} 0`,
      ]),
    )
    // Personal data only on request.
    expect(text).not.toContain('2001:db8::1')
    expect(renderMetrics([WG0], { endpoints: true })).toContain('endpoint="[2001:db8::1]:51820"')
    expect(renderMetrics([WG0], { profile: 'mindflavor' })).not.toContain('device=')
  })

  it('name each metric once, whatever the devices, and are gone with their peers', () => {
    const devices = [WG0, device('wg1', { publicKey: LAPTOP }), device('wg2')]
    for (const format of ['prometheus', 'openmetrics'] as const) {
      const text = renderMetrics(devices, { format, profile: 'all' })
      expect([...metricsChunks(devices, { format, profile: 'all' })].join('')).toBe(text)
      const types = text.split('\n').filter((line) => line.startsWith('# TYPE'))
      expect(new Set(types).size).toBe(types.length)
      const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
      expect(new Set(series.map((line) => line.slice(0, line.lastIndexOf(' ')))).size).toBe(
        series.length,
      )
      expect(renderMetrics([device('wg0', { publicKey: PHONE })], { format })).not.toContain(LAPTOP)
    }
  })

  it('show no secret', () => {
    const keys = [WG0.privateKey!, WG0.peers[0]!.presharedKey!]
    const text = renderMetrics([WG0], { profile: 'all', endpoints: true })
    for (const key of keys) expect(text).not.toContain(key.toBase64())
  })

  it('refuse what is no device, and misspelt options', () => {
    expect(() => renderMetrics('wg0' as never)).toThrow('expected an array of devices')
    expect(() => renderMetrics([], { formt: 'x' } as never)).toThrow("did you mean 'format'")
    expect(() => renderMetrics([], { names: {} as never })).toThrow('names')
    expect(() => renderMetrics([], { now: Number.NaN })).toThrow('now')
  })

  it('are those of a device that JSON has kept', () => {
    const again = deviceFromJSON(deviceToJSON(WG0))
    expect(renderMetrics([again], { now: NOW })).toBe(renderMetrics([WG0], { now: NOW }))
  })
})

describe('names', () => {
  it('come from files, of which the last one counts', () => {
    const file = (name: string) => `[Peer]\n# friendly_name = ${name}\nPublicKey = ${LAPTOP}\n`
    expect(peerNames(file('a'), file('b'), `[Peer]\nPublicKey = ${PHONE}\n`)).toEqual(
      new Map([[LAPTOP, 'b']]),
    )
  })

  it('reach no terminal raw', () => {
    const text = renderMetrics([WG0], { names: new Map([[LAPTOP, ODD]]) })
    expect(text).toMatch(/^[\n -~\u00a1-\uffff]*$/)
    expect(text).not.toMatch(/[\u202e\ud800]/)
  })
})

describeWith(hasPrometheus, 'promtool', () => {
  it('has nothing to say about the text', async () => {
    const input = renderMetrics([WG0], { profile: 'all', names: new Map([[LAPTOP, ODD]]) })
    const { code, stdout, stderr } = await runCommand(['promtool', 'check', 'metrics'], { input })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
  }, 60_000)
})

describeWith(hasMetricsParser, 'the parser of Prometheus', () => {
  const PARSE = `
import sys, json
from prometheus_client.openmetrics.parser import text_string_to_metric_families as om
from prometheus_client.parser import text_string_to_metric_families as pm
parse = om if sys.argv[1] == 'openmetrics' else pm
families = parse(sys.stdin.buffer.read().decode())
print(json.dumps([[f.name, f.type, f.unit, [[s.name, s.labels, s.value] for s in f.samples]] for f in families]))
`
  it.each(['prometheus', 'openmetrics'] as const)('reads %s', async (format) => {
    const names = new Map([[LAPTOP, ODD]])
    const input = renderMetrics([WG0], { format, profile: 'all', names, now: NOW })
    const { code, stdout, stderr } = await runCommand(['/usr/bin/python3', '-c', PARSE, format], {
      input,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const families = JSON.parse(stdout) as [string, string, string, [string, object, number][]][]
    expect(families.length).toBeGreaterThan(12)
    const received = families.find(([name]) => name === 'wireguard_peer_receive_bytes')!
    expect(received[1]).toBe('counter')
    expect(received[3]).toHaveLength(2)
    const [, , , samples] =
      families.find(([name]) => name.startsWith('wireguard_peer_info')) ??
      families.find(([name]) => name === 'wireguard_peer')!
    expect(samples[0]![1]).toMatchObject({ device: 'wg0', name: expect.stringContaining('é') })
  })
})

describe('a scrape', () => {
  let directory: TemporaryDirectory
  let servers: UapiServer[]
  let wg: WireGuard
  beforeAll(async () => {
    directory = await temporaryDirectory()
    servers = await Promise.all(
      ['wg0', 'wg1'].map((name) => UapiServer.listen({ name, directory: directory.path })),
    )
    wg = await WireGuard.open({ socketDirectory: directory.path, backends: ['userspace'] })
    await wg.configureDevice('wg0', { peers: [{ publicKey: LAPTOP }, { publicKey: PHONE }] })
  })
  afterAll(async () => {
    await wg.close()
    await Promise.all(servers.map((server) => server.close()))
    await directory[Symbol.asyncDispose]()
  })

  it('has what can be read, and says what cannot', async () => {
    const failing = {
      devices: async (options: Parameters<WireGuard['devices']>[0]) => {
        const error = await caught(wg.device('wg9'))
        options?.onError?.(error)
        return await wg.devices(options)
      },
    }
    const lines = (await collectMetrics(failing)).split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'wireguard_device_peers{device="wg0"} 2',
        'wireguard_up{device="wg0"} 1',
        'wireguard_up{device="wg1"} 1',
        'wireguard_up{device="wg9"} 0',
        'wireguard_scrape_errors 1',
        expect.stringMatching(/^wireguard_scrape_duration_seconds 0\.\d+$/),
      ]),
    )
    expect(await collectMetrics(wg, { format: 'openmetrics' })).toMatch(/\n# EOF\n$/)
    expect(METRICS_CONTENT_TYPES.openmetrics).toContain('version=1.0.0')
    expect(await caught(collectMetrics(wg, { signal: AbortSignal.abort() }))).toMatchObject({
      code: 'ABORT_ERR',
    })
  })

  it('of a registry of prom-client reads the devices once', async () => {
    let reads = 0
    const counting = {
      devices: (options: Parameters<WireGuard['devices']>[0]) => {
        reads++
        return wg.devices(options)
      },
    }
    const registry = new Registry()
    registerMetrics(registry, counting, { profile: 'all' })
    const text = await registry.metrics()
    expect(reads).toBe(1)
    expect(text).toContain('wireguard_device_peers{device="wg0"} 2')
    expect(text).toContain(
      `wireguard_peer_receive_bytes_total{device="wg0",public_key="${LAPTOP}"} 0`,
    )
    await wg.removePeer('wg0', PHONE)
    expect(await registry.metrics()).not.toContain(PHONE)
    expect(reads).toBe(2)
    const json = await registry.getMetricsAsJSON()
    expect(json.map(({ name }) => name)).toContain('wireguard_up')
  })
})
