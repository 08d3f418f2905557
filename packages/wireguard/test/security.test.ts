// The promises of .github/SECURITY.md that no other test holds, and that those tests exist.
import { describe, expect, it } from '@jest/globals'
import { readdirSync, readFileSync } from 'node:fs'
import { ROOT } from './support/documents.js'

const PACKAGES = ['wireguardcfg', 'wireguardnl', 'wireguard'] as const

interface Manifest {
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(`${ROOT}packages/${name}/package.json`, 'utf8')) as Manifest
}

const PAGE = readFileSync(`${ROOT}.github/SECURITY.md`, 'utf8')
/** The tests that the page names: a path and a title. */
const NAMED = [...PAGE.matchAll(/`((?:packages|test-fixtures)\/[^`]+\.ts)`: "([^"]+)"/g)].map(
  ([, file = '', title = '']) => [file, title] as const,
)

describe('the promises of SECURITY.md', () => {
  it.each(NAMED)('are held by %s: "%s"', (file, title) => {
    const text = readFileSync(ROOT + file, 'utf8')
    expect(text.includes(`'${title}'`) || text.includes(`'${title}: `)).toBe(true)
  })

  it('name a test in each row of a table', () => {
    const rows = PAGE.split('\n').filter((line) => /^\| (?!promise |-)/.test(line))
    expect(rows.length).toBeGreaterThan(20)
    expect(rows.filter((row) => !/\.ts`: "/.test(row))).toEqual([])
    expect(NAMED.length).toBeGreaterThan(rows.length)
  })
})

describe('the packages', () => {
  it.each(PACKAGES)('%s has no script that an installation runs', (name) => {
    const { scripts = {} } = manifestOf(name)
    const run = new Set([
      'preinstall',
      'install',
      'postinstall',
      'prepare',
      'preprepare',
      'postprepare',
    ])
    expect(Object.keys(scripts).filter((script) => run.has(script))).toEqual([])
  })

  it('the runtime dependencies are koffi and zod', () => {
    const all = PACKAGES.map((name) => manifestOf(name)).flatMap((manifest) => [
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.optionalDependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
    ])
    const others = new Set(all.filter((name) => !PACKAGES.some((own) => own === name)))
    expect([...others].toSorted((a, b) => a.localeCompare(b))).toEqual(['koffi', 'zod'])
  })

  it('no source uses the compile cache of Node', () => {
    const files = PACKAGES.flatMap((name) =>
      readdirSync(`${ROOT}packages/${name}/src`, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => `packages/${name}/src/${file}`),
    )
    expect(files.length).toBeGreaterThan(150)
    const users = files.filter((file) =>
      /compile_?cache|cachedData/i.test(readFileSync(ROOT + file, 'utf8')),
    )
    expect(users).toEqual([])
  })
})
