// Every function with options refuses misspelt names and wrong kinds of values in the same way,
// before anything happens.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import {
  deviceToJSON,
  findConflicts,
  isConnected,
  nextAddress,
  resolveConfig,
  resolveEndpoint,
  resolveEndpoints,
  WireGuard,
  type WireGuardError,
} from 'wireguard'
import * as conf from 'wireguard/conf'
import * as metrics from 'wireguard/metrics'
import { UapiServer } from 'wireguard/server'
import { UapiClient } from 'wireguardcfg'
import {
  formatMasquerade,
  formatTunnelFirewall,
  kernelCapabilities,
  NetlinkClient,
  NetlinkFirewall,
  NetlinkLinks,
  NetlinkRoutes,
} from 'wireguardnl'
import { caught } from '../../../test-fixtures/caught.js'
import { temporaryDirectory, type TemporaryDirectory } from '../../../test-fixtures/directory.js'
import { FakeSystem } from '../../../test-fixtures/fakes/system.js'
import { describeWith } from '../../../test-fixtures/require.js'
import { publicKeyOf } from '../../../test-fixtures/sample.js'
import { hasBin } from './cli/bin.js'
import { readDeclarations } from './packaging/declarations.js'

let directory: TemporaryDirectory
let wg: WireGuard
let server: UapiServer
const links = new NetlinkLinks()
const routes = new NetlinkRoutes()
const firewall = new NetlinkFirewall()
const TUNNEL = { device: 'none', addresses: [], firewallMark: 1, families: [] }
const DESTINATION = '10.0.0.0/8'
const kernel = new NetlinkClient(new FakeSystem().kernel)
const client = () => new UapiClient({ directory: directory.path })
const file = conf.parseConf('[Interface]\n')
const confPath = () => `${directory.path}/none.conf`

beforeAll(async () => {
  directory = await temporaryDirectory()
  await writeFile(confPath(), '[Interface]\n')
  server = await UapiServer.listen({ name: 'wg0', directory: directory.path })
  wg = await WireGuard.open({ socketDirectory: directory.path })
})

afterAll(async () => {
  await wg.close()
  await Promise.all([server.close(), links.close(), kernel.close()])
  await directory[Symbol.asyncDispose]()
})

type Call = (options: never) => unknown

const host = { host: 'localhost', port: 1 }

/** Each function and method with options, by its name and that of the parameter. */
const CALLS: Readonly<Record<string, readonly [Call, misspelt: string, meant: string]>> = {
  'WireGuard.open(options)': [(o) => WireGuard.open(o), 'netNs', 'netns'],
  'WireGuard.deviceNames(options)': [(o) => wg.deviceNames(o), 'idletimeout', 'idleTimeout'],
  'WireGuard.devices(options)': [(o) => wg.devices(o), 'onerror', 'onError'],
  'WireGuard.device(options)': [(o) => wg.device('wg0', o), 'Signal', 'signal'],
  'WireGuard.peers(options)': [(o) => wg.peers('wg0', o).next(), 'singal', 'signal'],
  'WireGuard.configureDevice(options)': [
    (o) => wg.configureDevice('wg0', { listenPort: 7 }, o),
    'idle_timeout',
    'idleTimeout',
  ],
  'WireGuard.replaceDevice(options)': [
    (o) => wg.replaceDevice('wg0', { listenPort: 7 }, o),
    'signals',
    'signal',
  ],
  'WireGuard.keepEndpoints(options)': [
    (o) => wg.keepEndpoints('wg0', [], o),
    'staleafter',
    'staleAfter',
  ],
  'WireGuard.watch(options)': [(o) => wg.watch(o), 'device', 'devices'],
  'WireGuard.plan(options)': [(o) => wg.plan('none', file, o), 'killswitch', 'killSwitch'],
  'WireGuard.planFile(options)': [(o) => wg.planFile(confPath(), o), 'Table', 'table'],
  'WireGuard.up(options)': [(o) => wg.up('none', file, o), 'hook', 'hooks'],
  'WireGuard.reload(options)': [(o) => wg.reload('none', file, o), 'dryrun', 'dryRun'],
  'WireGuard.reloadFile(options)': [(o) => wg.reloadFile(confPath(), o), 'metrics', 'metric'],
  'WireGuard.upFile(options)': [(o) => wg.upFile(confPath(), o), 'ifExist', 'ifExists'],
  'WireGuard.down(options)': [(o) => wg.down('none', o), 'Hooks', 'hooks'],
  'renderMetrics(options)': [(o) => metrics.renderMetrics([], o), 'formatt', 'format'],
  'metricsChunks(options)': [(o) => metrics.metricsChunks([], o).next(), 'name', 'names'],
  'collectMetrics(options)': [(o) => metrics.collectMetrics(wg, o), 'Signal', 'signal'],
  'registerMetrics(options)': [
    (o) => metrics.registerMetrics({ registerMetric: () => {} }, wg, o),
    'profil',
    'profile',
  ],
  'WireGuard.save(options)': [(o) => wg.save('wg0', '/none', o), 'endpoint', 'endpoints'],
  'WireGuard.applyConf(options)': [(o) => wg.applyConf('wg0', '', o), 'modes', 'mode'],
  'WireGuard.syncDevice(options)': [
    (o) => wg.syncDevice('wg0', { listenPort: 7 }, o),
    'endpoint',
    'endpoints',
  ],
  'WireGuard.setPeer(options)': [
    (o) => wg.setPeer('wg0', { publicKey: publicKeyOf(1) }, o),
    'resolv',
    'resolve',
  ],
  'WireGuard.removePeer(options)': [
    (o) => wg.removePeer('wg0', publicKeyOf(1), o),
    'Signal',
    'signal',
  ],
  'WireGuard.suspendPeer(options)': [
    (o) => wg.suspendPeer('wg0', publicKeyOf(1), o),
    'Signal',
    'signal',
  ],
  'WireGuard.resumePeer(suspended)': [(o) => wg.resumePeer('wg0', o), 'allowedIps', 'allowedIPs'],
  'WireGuard.resumePeer(options)': [
    (o) => wg.resumePeer('wg0', { publicKey: publicKeyOf(1), allowedIPs: [] }, o),
    'Signal',
    'signal',
  ],
  'WireGuard.createDevice(options)': [(o) => wg.createDevice('wg9', o), 'adresses', 'addresses'],
  'WireGuard.deleteDevice(options)': [(o) => wg.deleteDevice('wg0', o), 'ifMising', 'ifMissing'],
  'WireGuard.link(options)': [(o) => wg.link('lo', o), 'sginal', 'signal'],
  'WireGuard.setLink(properties)': [(o) => wg.setLink('none', o), 'UP', 'up'],
  'WireGuard.setLink(options)': [(o) => wg.setLink('none', {}, o), 'Signal', 'signal'],
  'WireGuard.addresses(options)': [(o) => wg.addresses('lo', o), 'Signal', 'signal'],
  'WireGuard.addAddress(options)': [
    (o) => wg.addAddress('none', '10.0.0.1/32', o),
    'Signal',
    'signal',
  ],
  'WireGuard.removeAddress(options)': [
    (o) => wg.removeAddress('none', '10.0.0.1/32', o),
    'Signal',
    'signal',
  ],
  'WireGuard.capabilities(options)': [(o) => wg.capabilities(o), 'Signal', 'signal'],
  'resolveConfig(options)': [(o) => resolveConfig({}, o), 'onfailure', 'onFailure'],
  'resolveEndpoint(options)': [(o) => resolveEndpoint('127.0.0.1:1', o), 'retry', 'retries'],
  'resolveEndpoints(options)': [(o) => resolveEndpoints([host], o), 'onretry', 'onRetry'],
  'UapiClient.constructor(options)': [(o) => new UapiClient(o), 'dir3ctory', 'directory'],
  'UapiClient.deviceNames(options)': [(o) => client().deviceNames(o), 'Signal', 'signal'],
  'UapiClient.device(options)': [(o) => client().device('wg0', o), 'Signal', 'signal'],
  'UapiClient.configureDevice(options)': [
    (o) => client().configureDevice('wg0', { listenPort: 7 }, o),
    'Signal',
    'signal',
  ],
  'UapiClient.peerBatches(options)': [
    (o) => client().peerBatches('wg0', o).next(),
    'Signal',
    'signal',
  ],
  'UapiServer.listen(options)': [(o) => UapiServer.listen(o), 'Directory', 'directory'],
  'NetlinkClient.deviceNames(options)': [(o) => kernel.deviceNames(o), 'Signal', 'signal'],
  'NetlinkClient.device(options)': [(o) => kernel.device('wg0', o), 'Signal', 'signal'],
  'NetlinkClient.reader(options)': [(o) => kernel.reader('wg0', o), 'mostPeer', 'mostPeers'],
  'DeviceReader.read(options)': [(o) => kernel.reader('wg0').read(o), 'Signal', 'signal'],
  'NetlinkClient.configureDevice(options)': [
    (o) => kernel.configureDevice('wg0', {}, o),
    'Signal',
    'signal',
  ],
  'NetlinkClient.peerBatches(options)': [
    (o) => kernel.peerBatches('wg0', o).next(),
    'Signal',
    'signal',
  ],
  'NetlinkLinks.createLink(properties)': [(o) => links.createLink('wg9', o), 'MTU', 'mtu'],
  'NetlinkLinks.createLink(options)': [(o) => links.createLink('wg9', {}, o), 'Signal', 'signal'],
  'NetlinkLinks.deleteLink(options)': [(o) => links.deleteLink('none', o), 'Signal', 'signal'],
  'NetlinkLinks.link(options)': [(o) => links.link('lo', o), 'Signal', 'signal'],
  'NetlinkLinks.setLink(properties)': [(o) => links.setLink('none', o), 'Up', 'up'],
  'NetlinkLinks.setLink(options)': [(o) => links.setLink('none', {}, o), 'Signal', 'signal'],
  'NetlinkLinks.addresses(options)': [(o) => links.addresses('lo', o), 'Signal', 'signal'],
  'NetlinkLinks.addAddress(options)': [
    (o) => links.addAddress('none', '10.0.0.1/32', o),
    'Signal',
    'signal',
  ],
  'NetlinkLinks.removeAddress(options)': [
    (o) => links.removeAddress('none', '10.0.0.1/32', o),
    'Signal',
    'signal',
  ],
  'NetlinkLinks.watch(options)': [(o) => links.watch(o).next(), 'Interval', 'interval'],
  'NetlinkLinks.moveLink(options)': [
    (o) => links.moveLink('none', process.pid, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.routes(filter)': [(o) => routes.routes(o), 'Table', 'table'],
  'NetlinkRoutes.routes(options)': [(o) => routes.routes({}, o), 'Signal', 'signal'],
  'NetlinkRoutes.addRoute(route)': [(o) => routes.addRoute(o), 'destinaton', 'destination'],
  'NetlinkRoutes.addRoute(options)': [
    (o) => routes.addRoute({ destination: DESTINATION }, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.replaceRoute(route)': [(o) => routes.replaceRoute(o), 'destinaton', 'destination'],
  'NetlinkRoutes.replaceRoute(options)': [
    (o) => routes.replaceRoute({ destination: DESTINATION }, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.deleteRoute(route)': [(o) => routes.deleteRoute(o), 'Device', 'device'],
  'NetlinkRoutes.deleteRoute(options)': [
    (o) => routes.deleteRoute({ destination: DESTINATION }, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.lookUp(packet)': [(o) => routes.lookUp(o), 'adress', 'address'],
  'NetlinkRoutes.lookUp(options)': [
    (o) => routes.lookUp({ address: '127.0.0.1' }, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.rules(filter)': [(o) => routes.rules(o), 'Family', 'family'],
  'NetlinkRoutes.rules(options)': [(o) => routes.rules({}, o), 'Signal', 'signal'],
  'NetlinkRoutes.addRule(rule)': [(o) => routes.addRule(o), 'Priority', 'priority'],
  'NetlinkRoutes.addRule(options)': [
    (o) => routes.addRule({ family: 4, table: 77 }, o),
    'Signal',
    'signal',
  ],
  'NetlinkRoutes.deleteRule(rule)': [(o) => routes.deleteRule(o), 'Protocol', 'protocol'],
  'NetlinkRoutes.deleteRule(options)': [
    (o) => routes.deleteRule({ family: 4, table: 77 }, o),
    'Signal',
    'signal',
  ],
  'NetlinkFirewall.setTunnel(tunnel)': [(o) => firewall.setTunnel(o), 'Device', 'device'],
  'NetlinkFirewall.setTunnel(options)': [(o) => firewall.setTunnel(TUNNEL, o), 'Signal', 'signal'],
  'NetlinkFirewall.deleteTunnel(options)': [
    (o) => firewall.deleteTunnel('none', o),
    'Signal',
    'signal',
  ],
  'NetlinkFirewall.setMasquerade(masquerade)': [
    (o) => firewall.setMasquerade(o),
    'Families',
    'families',
  ],
  'NetlinkFirewall.setMasquerade(options)': [
    (o) => firewall.setMasquerade({ device: 'none', families: [4] }, o),
    'Signal',
    'signal',
  ],
  'NetlinkFirewall.deleteMasquerade(options)': [
    (o) => firewall.deleteMasquerade('none', o),
    'Signal',
    'signal',
  ],
  'NetlinkFirewall.chains(options)': [(o) => firewall.chains(o), 'Signal', 'signal'],
  'formatMasquerade(masquerade)': [(o) => formatMasquerade(o), 'Families', 'families'],
  'NetlinkFirewall.tables(options)': [(o) => firewall.tables(o), 'Signal', 'signal'],
  'formatTunnelFirewall(tunnel)': [(o) => formatTunnelFirewall(o), 'Families', 'families'],
  'kernelCapabilities(options)': [(o) => kernelCapabilities(undefined, o), 'Signal', 'signal'],
  'checkConf(options)': [(o) => conf.checkConf(file, o), 'Dialect', 'dialect'],
  'interfaceSettings(options)': [(o) => conf.interfaceSettings(file, o), 'dialct', 'dialect'],
  'peerSettings(options)': [(o) => conf.peerSettings(file, o), 'dialects', 'dialect'],
  'configFromConf(options)': [(o) => conf.configFromConf(file, o), 'dialekt', 'dialect'],
  'nextAddress(options)': [(o) => nextAddress('10.0.0.0/24', [], o), 'Skip', 'skip'],
  'findConflicts(options)': [(o) => findConflicts({}, o), 'devices', 'device'],
  'isConnected(options)': [(o) => isConnected({ lastHandshake: undefined }, o), 'Now', 'now'],
  'deviceToJSON(options)': [(o) => deviceToJSON(server.device(), o), 'reveals', 'reveal'],
  'peerName(options)': [(o) => conf.peerName(file.sections[0]!, o), 'style', 'styles'],
  'setPeerName(options)': [
    (o) => {
      conf.setPeerName(file.sections[0]!, 'anna', o)
    },
    'Styles',
    'styles',
  ],
  'saveConf(options)': [(o) => conf.saveConf(file, server.device(), o), 'adresses', 'addresses'],
  'clientConf(init)': [(o) => conf.clientConf(o), 'adresses', 'addresses'],
  'addPeer(init)': [(o) => conf.addPeer(file, o), 'allowedIps', 'allowedIPs'],
}

/** Of the caller's own objects, or without a call. */
const ELSEWHERE = [
  // These are interfaces.
  /^(?:Backend|MetricsSource|OwnedDevice|Tunnel)\./,
  // For authors of backends, who pass on the options of calls of their own.
  /^(?:callDeadline\(\w+\)|Deadline\.constructor\(options\)|WireGuardError\.(?:constructor\(init\)|with))/,
]

/** The error of a call with these options. */
function refusal(call: Call, options: unknown): Promise<WireGuardError> {
  return caught(async () => await call(options as never))
}

describe.each(Object.entries(CALLS))('%s', (name, [call, misspelt, meant]) => {
  it('refuses a misspelt name, and says which is meant', async () => {
    const before = server.device()
    const error = await refusal(call, { [misspelt]: undefined })
    expect(error).toMatchObject({
      name: 'WireGuardError',
      code: 'EINVAL',
      path: misspelt,
      message: expect.stringContaining(`did you mean '${meant}'?`),
    })
    expect(error.operation ?? '').not.toBe('')
    expect(server.device()).toEqual(before)
    expect(file.peers).toEqual([])
    expect(name).toBeDefined()
  })

  it.each([
    ['null', null],
    ['a signal', new AbortController().signal],
    ['a list', []],
  ])('refuses %s in the place of an object', async (_, options) => {
    const error = await refusal(call, options)
    expect(error).toMatchObject({ name: 'WireGuardError', code: 'EINVAL' })
    expect(error.message).toContain('expected an object')
  })
})

describe('the value of an option', () => {
  it.each([
    ['WireGuard.open(options)', { socketDirectory: 7 }],
    ['WireGuard.open(options)', { backends: 'kernel' }],
    ['WireGuard.open(options)', { backends: null }],
    ['WireGuard.device(options)', { signal: {} }],
    ['WireGuard.device(options)', { signal: null }],
    ['WireGuard.devices(options)', { onError: 'ignore' }],
    ['WireGuard.devices(options)', { onError: null }],
    ['WireGuard.syncDevice(options)', { endpoints: 'overwrite' }],
    ['WireGuard.deleteDevice(options)', { ifMissing: true }],
    ['WireGuard.createDevice(options)', { backend: 'Kernel' }],
    ['WireGuard.createDevice(options)', { ifExists: null }],
    ['WireGuard.createDevice(options)', { up: 'yes' }],
    ['WireGuard.createDevice(options)', { addresses: '10.0.0.1/24' }],
    ['WireGuard.setLink(properties)', { up: 1 }],
    ['resolveEndpoint(options)', { lookup: 'system' }],
    ['UapiServer.listen(options)', { name: 'wg9', peerOrder: 'sorted' }],
    ['checkConf(options)', { dialect: 'wgquick' }],
  ])('of %s is refused: %j', async (name, options) => {
    const path = Object.keys(options).at(-1)
    const [call] = CALLS[name]!
    await expect(refusal(call, options)).resolves.toMatchObject({ code: 'EINVAL', path })
  })

  it('that is undefined counts as absent', async () => {
    const options = { signal: undefined, idleTimeout: undefined }
    await expect(wg.device('wg0', options)).resolves.toMatchObject({ name: 'wg0' })
  })

  it('shows no key that was pasted as a name', async () => {
    const key = publicKeyOf(1)
    const error = await refusal((o) => wg.device('wg0', o), { [key]: 1 })
    expect(error).toMatchObject({ code: 'EINVAL' })
    expect(JSON.stringify([error.message, error.path])).not.toContain(key.slice(0, 20))
  })

  it('counts only if its name is a text of the object itself', async () => {
    const options = Object.assign(Object.create({ inherited: 1 }) as object, { [Symbol('own')]: 1 })
    await expect(wg.device('wg0', options)).resolves.toMatchObject({ name: 'wg0' })
  })
})

it('a device of createDevice refuses misspelt options, and stays', async () => {
  const error = await refusal((o) => wg.deleteDevice('wg0', o), { ifMissing: 'ignored' })
  expect(error).toMatchObject({ code: 'EINVAL', path: 'ifMissing', device: 'wg0' })
  await expect(wg.deviceNames()).resolves.toContain('wg0')
})

describeWith(hasBin, 'the public declarations', () => {
  it('have no function with options that is not tried here', () => {
    const declared = readDeclarations().flatMap(({ options }) => options)
    const missing = declared.filter(
      (name) => CALLS[name] === undefined && !ELSEWHERE.some((pattern) => pattern.test(name)),
    )
    expect([...new Set(missing)]).toEqual([])
    expect(declared.length).toBeGreaterThan(Object.keys(CALLS).length)
  })
})
