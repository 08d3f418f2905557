/** The files of a TypeScript project that uses the packages. */
export type ConsumerFile = 'every-export.ts' | 'module.ts' | 'common.cts' | 'dynamic.cts'

/** One way of compiling {@link consumer}. */
export interface Compilation {
  readonly title: string
  readonly options: Readonly<Record<string, unknown>>
  readonly files: readonly ConsumerFile[]
  /** What the compiler says, each once: `common.cts: TS1479`. */
  readonly errors?: readonly string[]
}

/**
 * The project, file by file: every export of every specifier, a module, and two CommonJS files, one
 * that requires the packages and one that imports them at run time.
 */
export function consumer(specifiers: readonly string[]): Record<ConsumerFile, string> {
  return {
    'every-export.ts': specifiers.map((name, i) => `export * as e${i} from '${name}'\n`).join(''),
    'module.ts': MODULE,
    'common.cts': COMMON,
    'dynamic.cts': DYNAMIC,
  }
}

/** Its tsconfig.json: as strict as a user's may be, and nothing else that a user need not have. */
export function consumerConfig({ options, files }: Compilation): string {
  return JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    },
    files,
  })
}

const ESM: readonly ConsumerFile[] = ['every-export.ts', 'module.ts']
const ALL: readonly ConsumerFile[] = [...ESM, 'common.cts', 'dynamic.cts']

/** What users compile with. */
export const COMPILATIONS: readonly Compilation[] = [
  {
    title: 'node16, where CommonJS cannot require() a module',
    options: { module: 'node16' },
    files: ALL,
    errors: ['common.cts: TS1479', 'common.cts: TS1471'],
  },
  { title: 'node20', options: { module: 'node20' }, files: ALL },
  { title: 'nodenext', options: { module: 'nodenext' }, files: ALL },
  {
    title: 'nodenext, with exactOptionalPropertyTypes',
    options: { module: 'nodenext', exactOptionalPropertyTypes: true },
    files: ALL,
  },
  {
    title: 'nodenext, with the newest lib',
    options: { module: 'nodenext', target: 'esnext', lib: ['esnext', 'dom'] },
    files: ALL,
  },
  {
    title: 'a bundler',
    options: { module: 'esnext', moduleResolution: 'bundler' },
    files: ESM,
  },
  { title: 'a bundler, CommonJS kept', options: { module: 'preserve' }, files: ALL },
  {
    title: 'a bundler, to CommonJS',
    options: { module: 'commonjs', moduleResolution: 'bundler' },
    files: ALL,
  },
  {
    title: 'nodenext without @types/node, which then needs two libs and skipLibCheck',
    options: {
      module: 'nodenext',
      types: [],
      lib: ['es2022', 'dom', 'esnext.disposable'],
      skipLibCheck: true,
    },
    files: ALL,
  },
]

const MODULE = `
import { type Device, type DeviceConfig, isWireGuardError, type PeerConfig, SecretKey, toConfig, WireGuard } from 'wireguard'
import { configFromConf, parseConf } from 'wireguard/conf'
import { deviceConfigSchema } from 'wireguard/schema'
import { UapiServer } from 'wireguard/server'
import { type Backend, UapiClient } from 'wireguardcfg'
import { type Kernel, kernelIn, NetlinkClient, openNamespace } from 'wireguardnl'

export async function read(name: string, signal: AbortSignal): Promise<string[]> {
  await using server = await UapiServer.listen({ name, directory: 'run' })
  await using wg = await WireGuard.open({ backends: ['userspace', new UapiClient() satisfies Backend] })
  const device: Device = await wg.device(server.name, { signal, idleTimeout: 1000 })
  const peer: PeerConfig = { publicKey: '', endpoint: { host: '::1', port: 1 }, presharedKey: null }
  const config: DeviceConfig = { ...toConfig(device), privateKey: SecretKey.generatePrivate(), peers: [peer] }
  await wg.configureDevice(name, deviceConfigSchema.parse(config)).catch((error: unknown) => {
    if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
  })
  await wg.syncDevice(name, configFromConf(parseConf('[Interface]')), { resolve: true })
  // @ts-expect-error what was read cannot be changed
  device.listenPort = 1
  // @ts-expect-error it is allowedIPs
  const typo: PeerConfig = { publicKey: '', allowedIps: [] }
  return device.peers.map(({ publicKey, lastHandshake }) => publicKey + (lastHandshake?.getTime() ?? typo))
}

export function clientIn(netns: string): NetlinkClient {
  const kernel: Kernel = kernelIn(openNamespace(netns))
  // @ts-expect-error how a client reaches the kernel is not public
  kernel.open
  return new NetlinkClient(kernel)
}
`

const COMMON = `
import { SecretKey } from 'wireguard'
import wireguard = require('wireguard')

export function open(): Promise<wireguard.WireGuard> {
  SecretKey.generatePrivate()
  return wireguard.WireGuard.open()
}
`

const DYNAMIC = `
import type { Device } from 'wireguard' with { 'resolution-mode': 'import' }

export async function read(name: string): Promise<Device> {
  const { WireGuard } = await import('wireguard')
  await using wg = await WireGuard.open()
  return await wg.device(name)
}
`
