// What a user installs is the tarball, not this repository: it is packed, installed in an empty
// project, and used there.
import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { describeWith } from '../../../../test-fixtures/require.js'
import { COMPILATIONS, consumer, consumerConfig } from './consumer.js'
import { hasRegistry, PACKAGES, type PackedProject, packProject } from './packed-project.js'

const LIMIT = 300_000
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const TSC = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))

describeWith(hasRegistry, 'the packages, packed and installed in an empty project', () => {
  let project: PackedProject
  beforeAll(async () => {
    project = await packProject()
  }, LIMIT)
  afterAll(async () => {
    await project?.[Symbol.asyncDispose]()
  })

  it.each(PACKAGES)(
    '%s holds its code, its sources and its documents, and nothing else',
    (name) => {
      const { files } = project.packages[name]
      const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
      expect(files.filter((file) => !file.includes('/')).toSorted()).toEqual(documents)
      const others = files.filter((file) => !documents.includes(file))
      expect(
        others.filter((file) => !/^((src|dist)\/.+\.(ts|js|map)|docs\/.+\.md)$/.test(file)),
      ).toEqual([])
      expect(others.filter((file) => /test|bench|tsbuildinfo/.test(file))).toEqual([])
    },
  )

  it.each(PACKAGES)('%s holds every file that its exports name', (name) => {
    const { files, manifest } = project.packages[name]
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    )
    expect(targets.filter((target) => !files.includes(target.slice('./'.length)))).toEqual([])
  })

  it.each(PACKAGES)('%s holds no declarations without their source', (name) => {
    const { files } = project.packages[name]
    const sources = files
      .filter((file) => /^dist\/.+\.d\.ts(\.map)?$/.test(file))
      .map((file) => file.replace(/^dist\//, 'src/').replace(/\.d\.ts(\.map)?$/, '.ts'))
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.filter((source) => !files.includes(source))).toEqual([])
  })

  it.each(PACKAGES)('%s holds code with source maps that name each source once', async (name) => {
    const { files } = project.packages[name]
    const sources: string[] = []
    for (const file of files.filter((each) => each.endsWith('.js.map'))) {
      const text = await readFile(join(project.folder, 'node_modules', name, file), 'utf8')
      const map = JSON.parse(text) as { readonly sources: readonly string[] }
      sources.push(...map.sources.map((source) => join(dirname(file), source)))
    }
    expect(sources.length).toBeGreaterThan(10)
    expect(sources.filter((source) => !files.includes(source))).toEqual([])
    expect(sources.filter((source, i) => sources.indexOf(source) !== i)).toEqual([])
  })

  it('depend on nothing but koffi and zod, all under the MIT licence', async () => {
    const folder = join(project.folder, 'node_modules')
    const licences: Record<string, string> = {}
    for (const name of readdirSync(folder).filter((each) => !/^[.@]/.test(each))) {
      const text = await readFile(join(folder, name, 'package.json'), 'utf8')
      licences[name] = (JSON.parse(text) as { readonly license: string }).license
    }
    for (const name of readdirSync(join(folder, '@koromix'))) {
      const text = await readFile(join(folder, '@koromix', name, 'package.json'), 'utf8')
      licences[`@koromix/${name}`] = (JSON.parse(text) as { readonly license: string }).license
    }
    const names = Object.keys(licences).filter((name) => !name.startsWith('@koromix/koffi-'))
    expect(names.toSorted()).toEqual(['koffi', 'wireguard', 'wireguardcfg', 'wireguardnl', 'zod'])
    expect(new Set(Object.values(licences))).toEqual(new Set(['MIT']))
  })

  it(
    'can be imported, every export of each',
    async () => {
      const names = await namesOfExports(project, 'esm')
      expect(Object.keys(names)).toEqual(specifiers(project))
      for (const exported of Object.values(names)) expect(exported).not.toContain('default')
      expect(names['wireguard']).toEqual(expect.arrayContaining(['WireGuard', 'SecretKey']))
      expect(names['wireguardcfg']).toContain('UapiClient')
    },
    LIMIT,
  )

  it(
    'can be required by CommonJS, with the same exports',
    async () => {
      expect(await namesOfExports(project, 'cjs')).toEqual(await namesOfExports(project, 'esm'))
    },
    LIMIT,
  )

  it(
    'has one copy of the model, whichever package it is imported from',
    async () => {
      const code = `
        import * as facade from 'wireguard'
        import * as model from 'wireguardcfg'
        console.log(facade.SecretKey === model.SecretKey && facade.WireGuardError === model.WireGuardError)`
      const result = await project.node('--input-type=module', '-e', code)
      expect(result).toEqual({ stdout: 'true\n', stderr: '', code: 0 })
    },
    LIMIT,
  )

  it.each(COMPILATIONS)(
    'type-checks its declarations in strict TypeScript for $title',
    async (compilation) => {
      for (const [file, text] of Object.entries(consumer(specifiers(project)))) {
        await project.write(file, text)
      }
      await project.write('tsconfig.json', consumerConfig(compilation))
      const { stdout, stderr } = await project.node(TSC, '--project', 'tsconfig.json')
      // @types/node 20 does not pass with exactOptionalPropertyTypes itself.
      const errors = stdout
        .split('\n')
        .filter((line) => line.includes('error TS') && !line.includes('/@types/node/'))
        .map((line) => line.replace(/\(.*?\): error (TS\d+): .*$/, ': $1'))
      expect({ errors: [...new Set(errors)], stderr }).toEqual({
        errors: compilation.errors ?? [],
        stderr: '',
      })
    },
    LIMIT,
  )

  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.mjs')))(
    'example %s imports nothing but what installing wireguard gives, or what it says',
    async (file) => {
      const text = await readFile(join(EXAMPLES, file), 'utf8')
      // Its parts are in a folder of its name.
      const folder = join(EXAMPLES, file.replace('.mjs', ''))
      const names = existsSync(folder) ? readdirSync(folder) : []
      const parts = names.filter((name) => name.endsWith('.mjs'))
      const texts = await Promise.all(parts.map((name) => readFile(join(folder, name), 'utf8')))
      const imported = [text, ...texts].flatMap((one) =>
        Array.from(one.matchAll(/^import (?:[^']* from )?'(.+)'$/gm), (match) => match[1]!),
      )
      const [, said = ''] = /^\/\/ {3}npm install (.+)$/m.exec(text) ?? []
      expect(imported).toContain('wireguard')
      const others = imported.filter((name) => !/^(node:|\.{1,2}\/|wireguard(\/|$))/.test(name))
      expect(others.filter((name) => !said.split(' ').includes(name))).toEqual([])
    },
  )

  it(
    'runs the example of a device inside the process',
    async () => {
      await project.write('embedded.mjs', await readFile(join(EXAMPLES, 'embedded.mjs'), 'utf8'))
      const { stdout, stderr, code } = await project.node('embedded.mjs')
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      expect(stdout).toContain('interface wg0 (userspace)')
    },
    LIMIT,
  )

  it.each(PACKAGES)(
    '%s passes publint',
    async (name) => {
      const pkgDir = join(project.folder, 'node_modules', name)
      // The installed folder is what the tarball holds.
      const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true })
      expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
    },
    LIMIT,
  )

  it.each(PACKAGES)(
    '%s passes arethetypeswrong',
    async (name) => {
      const tarball = await readFile(project.packages[name].tarball)
      const result = await checkPackage(createPackageFromTarballData(Uint8Array.from(tarball)))
      if (result.types === false) throw new Error('no types')
      expect(Object.keys(result.entrypoints).length).toBeGreaterThan(1)
      expect(result.problems.filter((problem) => !isExpected(problem))).toEqual([])
    },
    LIMIT,
  )
})

/** Everything that can be imported: `wireguardcfg`, `wireguardcfg/schema` ... */
function specifiers({ packages }: PackedProject): string[] {
  return PACKAGES.flatMap((name) =>
    Object.keys(packages[name].manifest.exports)
      .filter((path) => !path.endsWith('.json'))
      .map((path) => name + path.slice('.'.length)),
  )
}

/** What node finds under each specifier, when a module of that kind asks. */
async function namesOfExports(
  project: PackedProject,
  kind: 'esm' | 'cjs',
): Promise<Record<string, string[]>> {
  const load = { esm: 'await import(name)', cjs: 'require(name)' }[kind]
  const file = { esm: 'names.mjs', cjs: 'names.cjs' }[kind]
  const code = `
    const names = {}
    for (const name of ${JSON.stringify(specifiers(project))}) names[name] = Object.keys(${load}).sort()
    console.log(JSON.stringify(names))`
  await project.write(file, code)
  const { stdout, stderr, code: status } = await project.node(file)
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, string[]>
}

/** The packages are ESM only, by choice. */
function isExpected(problem: Problem): boolean {
  // require() of a module is what node has since 20.19, and older ones are not supported.
  if (problem.kind === 'CJSResolvesToESM') return true
  // "node10" is how TypeScript resolved before there were exports in a package.json: it knows
  // neither these nor ESM.
  return problem.kind === 'NoResolution' && problem.resolutionKind === 'node10'
}
