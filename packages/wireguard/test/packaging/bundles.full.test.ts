// What the page about bundles says is done: built with its commands and settings, copied to another
// folder, and run there.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { until } from '../../../../test-fixtures/wait.js'
import { readPage } from '../support/documents.js'
import { hasRegistry, type PackedProject, packProject } from './packed-project.js'

const LIMIT = 600_000
const TOOLS = ['esbuild@0.28.2', '@vercel/nft@1.11.5', 'rolldown@1.2.19', 'nitropack@2.13.6']
const MORE_TOOLS = ['postject@1.0.0-alpha.6', 'h3@1', 'pnpm@9', 'yarn@1.22.22']

/** Reads an interface by the kernel, a file, and whether koffi is there. */
const PROGRAM = `
import { WireGuard } from 'wireguard'
import { parseConf } from 'wireguard/conf'

async function main() {
  const wg = await WireGuard.open()
  const sections = parseConf('[Interface]\\n').sections.length
  const { read } = await wg.capabilities()
  try {
    const { name, index } = await wg.link('lo')
    console.log(name, index, sections)
  } catch (error) {
    console.log(error.code, sections, read.ok, /koffi/.test(error.hint))
  }
  await wg.close()
}
main()
`

const page = readPage('packages/wireguard/docs/bundles.md')

/** The blocks of a section, as they are on the page. */
function blocksOf(title: string, language: 'sh' | 'javascript'): string[] {
  const start = page.indexOf(`\n## ${title}\n`)
  expect(start).toBeGreaterThan(0)
  const section = page.slice(start + 4, page.indexOf('\n## ', start + 4))
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    ([, code]) => code!,
  )
}

/** What an HTTP server at a unix socket answers; undefined: nothing yet. */
async function answerOf(socketPath: string): Promise<string | undefined> {
  const request = get({ socketPath, path: '/' })
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return await text(response)
  } catch {
    return undefined
  }
}

describeWith(hasRegistry, 'a bundle of the packages', () => {
  let project: PackedProject
  let elsewhere: string
  beforeAll(async () => {
    project = await packProject()
    await mkdir(join(project.folder, 'src'))
    await writeFile(join(project.folder, 'src/main.mjs'), PROGRAM)
    // npm would tidy up behind this link to the modules of the repository.
    await rm(join(project.folder, 'node_modules/@types'))
    const tools = [...TOOLS, ...MORE_TOOLS]
    await run('npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '-D', ...tools)
  }, LIMIT)
  beforeEach(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'wireguard-bundle-'))
  })
  afterEach(async () => {
    for (const folder of ['out', 'build', '.output', 'routes', 'nitro.config.mjs']) {
      await rm(join(project.folder, folder), { recursive: true, force: true })
    }
    await rm(elsewhere, { recursive: true, force: true })
  })
  afterAll(async () => {
    await project?.[Symbol.asyncDispose]()
  })

  /** Runs a program of the project there. */
  const run = async (...command: readonly [string, ...string[]]): Promise<CommandResult> => {
    const { folder } = project
    const result = await runCommand(['sh', '-ec', `cd "${folder}"; "$@"`, 'sh', ...command], {
      env: { NO_COLOR: '1' },
      timeout: LIMIT,
    })
    if (result.code !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}${result.stdout}`)
    return result
  }
  const sh = (script: string) => run('sh', '-ec', script)
  /** Copies what was built, and runs it there. Returns what it prints. */
  const moved = async (folder: string, command: string): Promise<string> => {
    await cp(join(project.folder, folder), elsewhere, { recursive: true, dereference: true })
    return await inPlace(command)
  }
  const inPlace = async (command: string): Promise<string> => {
    const { stdout, stderr, code } = await runCommand([
      'sh',
      '-ec',
      `cd "${elsewhere}"; ${command}`,
    ])
    // That of a single executable.
    const warnings = stderr.replaceAll(/^.*(?:ExperimentalWarning|--trace-warnings).*\n/gm, '')
    expect({ warnings, code }).toEqual({ warnings: '', code: 0 })
    return stdout
  }

  describe('runs elsewhere, as the page says', () => {
    it.each([
      ['esbuild', 0, 'node main.mjs'],
      ['esbuild', 1, 'node main.cjs'],
      ['rolldown', 0, 'node main.js'],
      ['A single executable', 0, './main'],
    ])(
      '%s, block %i',
      async (section, index, command) => {
        await mkdir(join(project.folder, 'build'))
        await sh(blocksOf(section, 'sh')[index]!)
        await writeFile(join(project.folder, 'out/package.json'), '{ "type": "module" }')
        expect(await moved('out', command)).toBe('lo 1 1\n')
        // Without koffi, the rest goes on working.
        await rm(join(elsewhere, 'node_modules'), { recursive: true })
        expect(await inPlace(command)).toBe('EOPNOTSUPP 1 false true\n')
      },
      LIMIT,
    )

    it(
      '@vercel/nft',
      async () => {
        await writeFile(
          join(project.folder, 'trace.mjs'),
          blocksOf('@vercel/nft', 'javascript')[0]!,
        )
        await run('node', 'trace.mjs')
        expect(await moved('out', 'node src/main.mjs')).toBe('lo 1 1\n')
      },
      LIMIT,
    )

    it(
      'Nitro',
      async () => {
        await mkdir(join(project.folder, 'routes'))
        await writeFile(
          join(project.folder, 'nitro.config.mjs'),
          blocksOf('Nitro', 'javascript')[0]!,
        )
        await writeFile(
          join(project.folder, 'routes/index.get.mjs'),
          `import { eventHandler } from 'h3'
           import { WireGuard } from 'wireguard'
           export default eventHandler(async () => {
             const wg = await WireGuard.open()
             const { name, index } = await wg.link('lo')
             await wg.close()
             return name + ' ' + index
           })`,
        )
        await run('npx', 'nitropack', 'build')
        await cp(join(project.folder, '.output'), elsewhere, { recursive: true })
        const server = spawn(process.execPath, [join(elsewhere, 'server/index.mjs')], {
          env: { ...process.env, NITRO_UNIX_SOCKET: join(elsewhere, 'socket') },
          stdio: 'ignore',
        })
        try {
          const answer = () => answerOf(join(elsewhere, 'socket'))
          await until(async () => (await answer()) !== undefined, 'it answers', 30_000)
          expect(await answer()).toBe('lo 1')
        } finally {
          server.kill()
          await once(server, 'close')
        }
      },
      LIMIT,
    )

    it(
      'worker threads',
      async () => {
        const worker = `
          import { Worker } from 'node:worker_threads'
          for (let i = 0; i < 2; i++) new Worker(new URL('./main.mjs', import.meta.url))`
        await writeFile(join(project.folder, 'src/workers.mjs'), worker)
        expect((await run('node', 'src/workers.mjs')).stdout).toBe('lo 1 1\nlo 1 1\n')
      },
      LIMIT,
    )

    it.each(['pnpm', 'yarn'])(
      '%s',
      async (manager) => {
        const packages = Object.values(project.packages).map(
          ({ manifest, tarball }) => [manifest.name, `file:${tarball}`] as const,
        )
        const dependencies = Object.fromEntries(packages)
        const manifest = {
          dependencies,
          pnpm: { overrides: dependencies },
          resolutions: dependencies,
        }
        await writeFile(join(elsewhere, 'package.json'), JSON.stringify(manifest))
        await cp(join(project.folder, 'src/main.mjs'), join(elsewhere, 'main.mjs'))
        const program = join(project.folder, 'node_modules/.bin', manager)
        const { code, stdout, stderr } = await runCommand([
          'sh',
          '-ec',
          `cd "${elsewhere}"; "${program}" install --silent >&2; node main.mjs`,
        ])
        expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toEqual({
          code: 0,
          stdout: 'lo 1 1\n',
          stderr: '',
        })
      },
      LIMIT,
    )
  })
})
