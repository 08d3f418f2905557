/**
 * A TypeScript project that uses the packages, file by file: a module, and a CommonJS file. Every
 * declaration of every specifier is checked, because the project is compiled without skipLibCheck.
 */
export function consumer(specifiers: readonly string[]): Record<string, string> {
  return {
    'every-export.ts': specifiers.map((name, i) => `export * as e${i} from '${name}'\n`).join(''),
    'module.ts': MODULE,
    'common.cts': COMMON,
  }
}

/** Its tsconfig.json: as strict as a user's may be. */
export function consumerConfig(options: { readonly exactOptionalPropertyTypes: boolean }): string {
  return JSON.stringify({
    compilerOptions: {
      ...options,
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
    },
    files: ['every-export.ts', 'module.ts', 'common.cts'],
  })
}

const MODULE = `
import { type Device, type DeviceConfig, isWireGuardError, type PeerConfig, SecretKey, toConfig, WireGuard } from 'wireguard'
import { deviceConfigSchema } from 'wireguard/schema'
import { type Backend, UapiClient } from 'wireguardcfg'

export async function read(name: string, signal: AbortSignal): Promise<string[]> {
  await using wg = await WireGuard.open({ backends: ['userspace', new UapiClient() satisfies Backend] })
  const device: Device = await wg.device(name, { signal, idleTimeout: 1000 })
  const peer: PeerConfig = { publicKey: '', endpoint: { host: '::1', port: 1 }, presharedKey: null }
  const config: DeviceConfig = { ...toConfig(device), privateKey: SecretKey.generatePrivate(), peers: [peer] }
  await wg.configureDevice(name, deviceConfigSchema.parse(config)).catch((error: unknown) => {
    if (!isWireGuardError(error) || error.code !== 'ENODEV') throw error
  })
  // @ts-expect-error what was read cannot be changed
  device.listenPort = 1
  // @ts-expect-error it is allowedIPs
  const typo: PeerConfig = { publicKey: '', allowedIps: [] }
  return device.peers.map(({ publicKey, lastHandshake }) => publicKey + (lastHandshake?.getTime() ?? typo))
}
`

const COMMON = `
import wireguard = require('wireguard')

export function open(): Promise<wireguard.WireGuard> {
  return wireguard.WireGuard.open()
}
`
