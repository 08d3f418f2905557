import { readFileSync } from 'node:fs'
import * as wireguard from 'wireguard'
import * as wireguardConf from 'wireguard/conf'
import * as wireguardMetrics from 'wireguard/metrics'
import * as wireguardSchema from 'wireguard/schema'
import * as wireguardServer from 'wireguard/server'
import * as wireguardcfg from 'wireguardcfg'
import * as wireguardcfgBackend from 'wireguardcfg/backend'
import * as wireguardcfgConf from 'wireguardcfg/conf'
import * as wireguardcfgSchema from 'wireguardcfg/schema'
import * as wireguardcfgServer from 'wireguardcfg/server'
import * as wireguardnl from 'wireguardnl'
import * as wireguardnlClient from 'wireguardnl/client'
import { ROOT } from './documents.js'

const ENTRIES: Readonly<Record<string, object>> = {
  wireguard,
  'wireguard/conf': wireguardConf,
  'wireguard/metrics': wireguardMetrics,
  'wireguard/schema': wireguardSchema,
  'wireguard/server': wireguardServer,
  wireguardcfg,
  'wireguardcfg/backend': wireguardcfgBackend,
  'wireguardcfg/conf': wireguardcfgConf,
  'wireguardcfg/schema': wireguardcfgSchema,
  'wireguardcfg/server': wireguardcfgServer,
  wireguardnl,
  'wireguardnl/client': wireguardnlClient,
}

/** What users may import: `wireguard`, `wireguard/conf` ... `internal` is not for them. */
export function publicEntries(): string[] {
  return ['wireguard', 'wireguardcfg', 'wireguardnl'].flatMap((name) => {
    const text = readFileSync(`${ROOT}packages/${name}/package.json`, 'utf8')
    const manifest = JSON.parse(text) as { readonly exports: object }
    return Object.keys(manifest.exports)
      .filter((path) => !path.startsWith('./internal') && path !== './package.json')
      .map((path) => name + path.slice('.'.length))
  })
}

/** The names that an entry exports: those that exist when it runs, and its types. */
export function exportsOf(entry: string): { readonly values: string[]; readonly types: string[] } {
  const module = ENTRIES[entry]
  if (module === undefined) throw new Error(`${entry} is missing in ENTRIES`)
  const [name = '', path = 'index'] = entry.split('/')
  const text = readFileSync(`${ROOT}packages/${name}/src/${path}.ts`, 'utf8')
  const types: string[] = []
  for (const [, typeOnly, list = ''] of text.matchAll(/^export (type )?\{(.*?)\}/gms)) {
    for (const item of list.split(',').map((part) => part.trim())) {
      const type = typeOnly === undefined ? /^type (\w+)$/.exec(item)?.[1] : item
      if (type !== undefined && type !== '') types.push(type)
    }
  }
  return { values: Object.keys(module), types }
}

// For the classes around them alone, as their comments say.
const INTERNAL = new Set([
  'constructor',
  'placedComments',
  'precede',
  'rewriteComment',
  'rewriteEntries',
  'dropLastEmptyLine',
  'watch',
  'remains',
  'append',
  'parts',
  'unused',
])

/** The classes that users call methods of, and the names of these methods and properties. */
export function methodsOf(): [string, string[]][] {
  const conf = wireguardConf.parseConf('[Interface]\n')
  const classes: Record<string, readonly object[]> = {
    Conf: [Object.getPrototypeOf(conf) as object],
    ConfSection: [Object.getPrototypeOf(conf.sections[0]) as object],
  }
  for (const module of Object.values(ENTRIES)) {
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'function' || !/^[A-Z]/.test(name)) continue
      const { prototype } = value as { readonly prototype: object }
      classes[name] = [prototype, value as object]
    }
  }
  return Object.entries(classes)
    .map(([name, objects]): [string, string[]] => [name, objects.flatMap((each) => namesIn(each))])
    .filter(([, names]) => names.length > 0)
}

/** Methods and accessors; of a class its static ones. */
function namesIn(value: object): string[] {
  const ofEveryClass = typeof value === 'function' ? ['prototype', 'name', 'length'] : []
  return Object.entries(Object.getOwnPropertyDescriptors(value))
    .filter(([, member]) => typeof member.value === 'function' || 'get' in member)
    .map(([name]) => name)
    .filter((name) => !INTERNAL.has(name) && !ofEveryClass.includes(name))
}
