import { describe, expect, it } from '@jest/globals'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { runCommand } from '../../../test-fixtures/command.js'
import { describeWith, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { FIELD_NAMES, usage } from '../src/cli/usage.js'
import { anchorsOf, examplesOf, linksOf, PAGES, readPage, ROOT } from './support/documents.js'
import { faultsOf } from './support/example.js'
import { exportsOf, methodsOf, publicEntries } from './support/public-api.js'

const DOCS = PAGES.filter((page) => page.includes('/docs/'))
const OTHERS = ['.github/CONTRIBUTING.md', 'packages/wireguard/bench/README.md']
const ALL = PAGES.map((page) => readPage(page)).join('\n')
const CODE = [...ALL.matchAll(/^```js.*?^```$/gms)].join('\n')

// The built packages run, as users run them; `npm test` builds first.
describe('the examples', () => {
  it.each(PAGES)(
    'of %s run',
    async (page) => {
      expect(await faultsOf(page, [''], 'server')).toEqual([])
    },
    120_000,
  )

  it('of npm start runs and hides the secrets', async () => {
    const program = `${ROOT}packages/wireguard/examples/embedded.mjs`
    const { stdout, stderr } = await runCommand([process.execPath, program])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^interface wg0 \(userspace\)\n/)
    expect(stdout.match(/^peer /gm)).toHaveLength(3)
    expect(stdout.match(/(?:private|preshared) key +\(hidden\)$/gm)).toHaveLength(2)
  }, 30_000)
})

describeWith(hasWireGuardGo, 'the examples that need interfaces', () => {
  const pages = PAGES.filter((page) => examplesOf(page).some(({ tier }) => tier === 'root'))
  it.each(pages)(
    'of %s run',
    async (page) => {
      expect(await faultsOf(page, ['root'], 'machine')).toEqual([])
    },
    120_000,
  )
})

describe('the documentation', () => {
  it.each([...PAGES, ...OTHERS])('%s has no broken link', (page) => {
    const broken = linksOf(page).filter(({ file, anchor }) => !leadsSomewhere(file, anchor))
    expect(broken.map(({ target }) => target)).toEqual([])
  })

  it.each(PAGES.filter((page) => page.startsWith('packages/wireguard/')))(
    '%s links only to what is published with it',
    (page) => {
      const published = /^packages\/wireguard\/(docs\/|README\.md|CHANGELOG\.md|LICENSE)/
      const others = linksOf(page).filter(({ file }) => !published.test(file))
      expect(others.map(({ target }) => target)).toEqual([])
    },
  )

  it.each(PAGES)('%s uses no syntax that Node 20 does not know', (page) => {
    const code = examplesOf(page).map((example) => example.code)
    expect(code.filter((text) => /\busing\b [a-z]/.test(text))).toEqual([])
  })

  it.each(publicEntries())('names everything that %s exports', (entry) => {
    const { values, types } = exportsOf(entry)
    expect(values.length).toBeGreaterThan(0)
    expect([...values, ...types].filter((name) => !isNamed(name, ALL))).toEqual([])
  })

  it.each(publicEntries())('has an example of every function and class of %s', (entry) => {
    const { values } = exportsOf(entry)
    expect(values.filter((name) => !isNamed(name, CODE))).toEqual([])
  })

  it.each(methodsOf())('has an example of every method of %s', (_, methods) => {
    expect(methods.length).toBeGreaterThan(0)
    expect(methods.filter((name) => !new RegExp(`\\.${name}\\b`).test(CODE))).toEqual([])
  })

  it('explains every error code', () => {
    const errors = readPage('packages/wireguard/docs/errors.md')
    expect([...codesInSources()].filter((code) => !errors.includes(`\`${code}\``))).toEqual([])
  })

  it('describes every subcommand, field and option of the command', () => {
    const page = readPage('packages/wireguard/docs/command.md')
    const commands = [...usage('wireguard').matchAll(/^ {2}([a-z]+) {2,}/gm)].map(
      (match) => match[1]!,
    )
    expect(commands.length).toBeGreaterThan(9)
    const words = [
      ...commands,
      ...FIELD_NAMES,
      '--json',
      '--reveal',
      '--debug',
      '--help',
      '--version',
    ]
    expect(words.filter((word) => !page.includes(word))).toEqual([])
  })

  it('describes each folder of sources and fixtures in CONTRIBUTING', () => {
    const page = readPage('.github/CONTRIBUTING.md')
    const folders = ['wireguardcfg', 'wireguardnl', 'wireguard']
      .map((name) => `packages/${name}/src`)
      .flatMap((folder) => [folder, ...foldersIn(folder, { recursive: true })])
    folders.push(...foldersIn('test-fixtures', { recursive: false }))
    expect(folders.filter((folder) => !page.includes(`\`${folder}/\``))).toEqual([])
  })

  it('has a page for each kind of question, reachable from the README', () => {
    const reached = new Set(linksOf('packages/wireguard/README.md').map(({ file }) => file))
    expect(DOCS.filter((page) => !reached.has(page))).toEqual([])
  })
})

function leadsSomewhere(file: string, anchor: string): boolean {
  if (anchor === '') return existsSync(ROOT + file)
  return file.endsWith('.md') && existsSync(ROOT + file) && anchorsOf(file).includes(anchor)
}

function isNamed(name: string, text: string): boolean {
  return new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(text)
}

/** The codes that stand in the sources. */
function codesInSources(): Set<string> {
  const codes = new Set<string>()
  for (const name of ['wireguardcfg', 'wireguardnl', 'wireguard']) {
    for (const file of readdirSync(`${ROOT}packages/${name}/src`, { recursive: true })) {
      if (!String(file).endsWith('.ts')) continue
      const text = readFileSync(`${ROOT}packages/${name}/src/${String(file)}`, 'utf8')
      for (const match of text.matchAll(/\bcode: '([A-Z_]+)'/g)) codes.add(match[1]!)
    }
  }
  return codes
}

function foldersIn(folder: string, { recursive }: { readonly recursive: boolean }): string[] {
  return readdirSync(ROOT + folder, { recursive, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length))
}
