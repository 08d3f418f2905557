import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import * as backend from '../src/backend.js'
import * as conf from '../src/conf.js'
import * as index from '../src/index.js'
import * as schema from '../src/schema.js'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const DIST = join(ROOT, 'dist/index.js')

describe('wireguardcfg', () => {
  it('exports the model', () => {
    expect(Object.keys(index)).toEqual(
      expect.arrayContaining([
        'KEY_LENGTH',
        'SecretKey',
        'WireGuardError',
        'canonicalAllowedIP',
        'canonicalIP',
        'checkEndpoint',
        'checkInterfaceName',
        'checkPortableInterfaceName',
        'formatAllowedIP',
        'formatEndpoint',
        'formatIP',
        'isPortableInterfaceName',
        'isWireGuardError',
        'parseAllowedIP',
        'parseEndpoint',
        'parseIP',
        'parsePublicKey',
        'publicKeyFromBytes',
        'publicKeyToBytes',
        'toConfig',
        'toPeerConfig',
      ]),
    )
  })

  it.each([
    'default',
    'markChecked',
    'invalid',
    'quote',
    'describeKeyText',
    'Deadline',
    'deviceConfigSchema',
  ])('does not export %s', (name) => expect(Object.keys(index)).not.toContain(name))
})

describe('wireguardcfg/backend and wireguardcfg/schema', () => {
  it('export what authors of backends and users of request bodies need', () => {
    expect(Object.keys(backend)).toEqual(
      expect.arrayContaining([
        'Deadline',
        'KeyedQueue',
        'Mutex',
        'Semaphore',
        'callDeadline',
        'checkDeviceConfig',
        'markChecked',
        'moveToTemporaryPeer',
        'readAllowedIP',
        'removesAllowedIPs',
      ]),
    )
    expect(Object.keys(schema)).toEqual([
      'allowedIPSchema',
      'deviceConfigSchema',
      'deviceJSONSchema',
      'endpointSchema',
      'peerConfigSchema',
      'peerJSONSchema',
      'publicKeySchema',
      'secretKeySchema',
    ])
  })
})

describe('wireguardcfg/conf', () => {
  it('exports what users of files need, without the readers of single values', () => {
    expect(Object.keys(conf)).toEqual([
      'ConfError',
      'addPeer',
      'checkConf',
      'clientConf',
      'confFromConfig',
      'confFromDevice',
      'configFromConf',
      'formatConf',
      'formatProblem',
      'interfaceSettings',
      'parseConf',
      'peerName',
      'peerSettings',
      'saveConf',
      'setPeerName',
      'stripConf',
    ])
  })
})

describe('importing wireguardcfg', () => {
  it.each(['src/index.ts', 'src/backend.ts'])('%s reaches neither zod nor the schemas', (entry) => {
    const reached = staticImports(join(ROOT, entry))
    expect(reached.size).toBeGreaterThan(3)
    expect([...reached].filter((name) => name === 'zod' || name.endsWith('schema.ts'))).toEqual([])
  })

  it('finds zod where it is loaded', () => {
    expect(staticImports(join(ROOT, 'src/schema.ts'))).toContain('zod')
  })
})

;(existsSync(DIST) ? describe : describe.skip)('a fresh process (needs npm run build)', () => {
  it('never loads zod, not even to refuse a configuration', async () => {
    const options = ['--input-type=module', '--eval', PROGRAM]
    const { stdout } = await promisify(execFile)(process.execPath, options)
    expect(JSON.parse(stdout)).toEqual({
      imported: 'ok',
      read: true,
      checked: 5000,
      refused: 'check configuration: listenPort: expected an integer from 0 to 65535',
    })
  })
})

// Loading zod fails in this process.
const HOOKS = `export function resolve(specifier, context, next) {
  if (specifier === 'zod') throw new Error('zod was loaded')
  return next(specifier, context)
}`
const PROGRAM = `
import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}))
const { SecretKey } = await import(${JSON.stringify(pathToFileURL(DIST).href)})
const { checkDeviceConfig, markChecked } = await import(${JSON.stringify(new URL('backend.js', pathToFileURL(DIST)).href)})
const config = markChecked({ privateKey: SecretKey.generatePrivate() })
const read = (await checkDeviceConfig(config)) === config
const peers = Array.from({ length: 5000 }, () => ({ publicKey: SecretKey.generatePreshared().toBase64() }))
const { length: checked } = (await checkDeviceConfig({ peers })).peers
const refused = await checkDeviceConfig({ listenPort: 70000 }).catch((error) => error.message)
console.log(JSON.stringify({ imported: 'ok', read, checked, refused }))
`

/** Every module that a source file loads when it is imported: files by path, packages by name. */
function staticImports(entry: string, reached = new Set<string>()): Set<string> {
  for (const [, specifier] of readFileSync(entry, 'utf8').matchAll(STATIC_IMPORT)) {
    const target = specifier!.startsWith('.')
      ? resolve(dirname(entry), specifier!.replace(/\.js$/, '.ts'))
      : specifier!
    if (reached.has(target)) continue
    reached.add(target)
    if (target.endsWith('.ts')) staticImports(target, reached)
  }
  return reached
}

// `import type` and `export type` load nothing.
const STATIC_IMPORT = /^(?:import|export) (?!type )(?:[^'";()]*? from )?'([^']+)'/gm
