import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Requirement } from '../../../../test-fixtures/require.js'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'

/** The packages of this repository, those that others depend on first. */
export const PACKAGES = ['wireguardcfg', 'wireguardnl', 'wireguard'] as const

/** One of {@link PACKAGES}. */
export type PackageName = (typeof PACKAGES)[number]

/** The fields of a package.json that are read here. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** One package as it would be published. */
export interface PackedPackage {
  readonly manifest: Manifest
  /** Path of the tarball. */
  readonly tarball: string
  /** What is in it, relative to the package. */
  readonly files: readonly string[]
}

/** The three packages, packed, and installed from their tarballs in a project of its own. */
export interface PackedProject extends AsyncDisposable {
  /** The folder of the project. */
  readonly folder: string
  readonly packages: Readonly<Record<PackageName, PackedPackage>>
  /** Writes a file of the project. */
  write(file: string, text: string): Promise<void>
  /** Runs node in the project. */
  node(...args: readonly string[]): Promise<CommandResult>
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
// The slowest step installs from the network.
const STEP_LIMIT = 180_000

/** The registry, or what npm kept of it, for the dependencies of the packages. */
export const hasRegistry: Requirement = () => {
  const [file, ...args] = npm('view', 'zod', 'version', '--prefer-offline', '--fetch-retries=0')
  return spawnSync(file, args, { cwd: ROOT, stdio: 'ignore', timeout: 30_000 }).status === 0
    ? { ok: true }
    : {
        ok: false,
        reason: 'needs a package registry: connect to the network, so that npm view zod works',
      }
}

/** Packs the three packages and installs them. Rejects with what npm printed when that fails. */
export async function packProject(): Promise<PackedProject> {
  const temporary = await mkdtemp(join(tmpdir(), 'wireguard-pack-'))
  try {
    const packages = await pack(temporary)
    const folder = join(temporary, 'project')
    await install(folder, Object.values(packages))
    return {
      folder,
      packages,
      write: (file, text) => writeFile(join(folder, file), text),
      node: (...args) => runIn(folder, [process.execPath, ...args]),
      [Symbol.asyncDispose]: () => rm(temporary, { recursive: true }),
    }
  } catch (error) {
    await rm(temporary, { recursive: true })
    throw error
  }
}

/**
 * Packs a copy, because prepack removes dist, which other tests and other programs may be using.
 */
async function pack(temporary: string): Promise<Record<PackageName, PackedPackage>> {
  await copySources(temporary)
  const packed: Partial<Record<PackageName, PackedPackage>> = {}
  for (const name of PACKAGES) {
    const folder = join(temporary, 'packages', name)
    const { stdout } = await succeed(folder, npm('pack', '--json', '--pack-destination', temporary))
    // prepack prints too.
    const [report] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [
      { readonly filename: string; readonly files: readonly { readonly path: string }[] },
    ]
    packed[name] = {
      manifest: JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest,
      tarball: join(temporary, basename(report.filename)),
      files: report.files.map(({ path }) => path),
    }
  }
  return packed as Record<PackageName, PackedPackage>
}

async function copySources(temporary: string): Promise<void> {
  for (const shared of ['tsconfig.base.json', '.scripts']) {
    await cp(join(ROOT, shared), join(temporary, shared), { recursive: true })
  }
  const modules = join(temporary, 'node_modules')
  await mkdir(modules)
  // What the compiler and the bundler need, and the packages themselves: not those of the
  // repository.
  for (const module of ['.bin', '@types', 'koffi', 'rolldown', 'typescript', 'zod']) {
    await symlink(join(ROOT, 'node_modules', module), join(modules, module))
  }
  for (const name of PACKAGES) {
    const source = join(ROOT, 'packages', name)
    const copy = join(temporary, 'packages', name)
    // Also what must not be packed, tests for one.
    await cp(source, copy, {
      recursive: true,
      filter: (path) => !['dist', 'node_modules', 'coverage'].includes(basename(path)),
    })
    await symlink(copy, join(modules, name))
  }
}

async function install(folder: string, packages: readonly PackedPackage[]): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await succeed(folder, npm('install', ...flags, ...packages.map(({ tarball }) => tarball)))
  await symlink(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'))
}

function npm(...args: readonly string[]): [string, ...string[]] {
  const script = process.env['npm_execpath'] ?? ''
  return basename(script) === 'npm-cli.js' ? [process.execPath, script, ...args] : ['npm', ...args]
}

async function succeed(folder: string, command: readonly [string, ...string[]]) {
  const result = await runIn(folder, command)
  if (result.code === 0) return result
  throw new Error(
    `${command.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`,
  )
}

function runIn(folder: string, command: readonly [string, ...string[]]): Promise<CommandResult> {
  return runCommand(['sh', '-c', 'cd "$0" && exec "$@"', folder, ...command], {
    timeout: STEP_LIMIT,
  })
}
