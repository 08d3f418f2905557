// node .scripts/bundle.mjs FOLDER: makes the JavaScript of a package, dist/*.js, from src/*.ts; tsc
// makes the declarations. It is bundled because a file costs Node a quarter of a millisecond to
// find, read and link, and there are nearly two hundred sources.
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join, parse, relative, sep } from 'node:path'
import { rolldown } from 'rolldown'

/** @import { ChunkingContext, CodeSplittingGroup } from 'rolldown' */

const FOLDER = realpathSync(process.argv[2])
const SOURCE = join(FOLDER, 'src')
const {
  name: ownName,
  exports,
  bin = {},
  dependencies,
} = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'))

// The entries and programs of a package: dist/x.js is made from src/x.ts.
const entries = [...Object.values(exports), ...Object.values(bin)]
  .map((file) => (typeof file === 'string' ? file : file.default))
  .flatMap((file) => /^\.\/dist\/(.+)\.js$/.exec(file)?.[1] ?? [])

const ofPackage = (/** @type {string} */ id) => id.startsWith(SOURCE + sep)
// The command has files of its own: it loads the library when a subcommand needs it, which genkey
// and pubkey do not.
const ofCommand = (/** @type {string} */ id) => id.startsWith(join(SOURCE, 'cli') + sep)
// Programs that use no configuration files do not load the code for them.
const ofConf = (/** @type {string} */ id) => id.startsWith(join(SOURCE, 'conf') + sep)

// Code that only one entry or import() reaches goes into its file. Code that several reach goes
// into as few files as possible, so that none of them loads code that it does not need. Rolldown
// places the code that no group names.
/** @type {CodeSplittingGroup[]} */
const groups = [
  {
    // In a file of its own it does not bring the library into the command.
    debugName: 'of the library, and needed by the command at once',
    name: (id, graph) => (isSharedWithCommand(id, graph) ? parse(id).name : null),
    priority: 3,
  },
  {
    debugName: 'shared by entries',
    name: (id, graph) => {
      if (!ofPackage(id)) return 'shared' // a helper of the bundler's
      if (!isNeededAtOnce(id, graph) || ofConf(id)) return null
      return ofCommand(id) ? 'cli/shared' : 'shared'
    },
    minShareCount: 2,
    priority: 2,
  },
  {
    debugName: 'shared by entries for configuration files',
    name: (id) => (ofConf(id) ? 'conf/shared' : null),
    minShareCount: 2,
  },
  {
    debugName: 'shared by subcommands',
    name: (id, graph) => (isOfSubcommands(id, graph) && !readsFiles(id, graph) ? 'cli/lazy' : null),
    minShareCount: 2,
    priority: 1,
  },
  {
    // `show` and others read no configuration file, and do without the code for these.
    debugName: 'shared by subcommands that read files',
    name: (id, graph) => (isOfSubcommands(id, graph) ? 'cli/files' : null),
    minShareCount: 2,
  },
]

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {boolean} whether it is of the command, and uses nothing of the library's own files
 */
function isOfSubcommands(id, graph) {
  return (
    ofCommand(id) && !importsOf(id, graph).some((other) => ofPackage(other) && !ofCommand(other))
  )
}

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {boolean} whether it uses the code for configuration files
 */
function readsFiles(id, graph) {
  return importsOf(id, graph).some((other) => /^wireguardcfg\/(internal\/)?conf$/.test(other))
}

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {readonly string[]}
 */
function importsOf(id, graph) {
  return graph.getModuleInfo(id)?.importedIds ?? []
}

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {boolean} whether it is an entry, or imported by what is needed at once, not by import()
 */
function isNeededAtOnce(id, graph) {
  const { isEntry = false, importers = [] } = graph.getModuleInfo(id) ?? {}
  return isEntry || importers.some((importer) => isNeededAtOnce(importer, graph))
}

/**
 * @param {string} id
 * @param {ChunkingContext} graph
 * @returns {boolean} whether it is of the library, and the command needs it at once
 */
function isSharedWithCommand(id, graph) {
  const { importers = [] } = graph.getModuleInfo(id) ?? {}
  return (
    !ofCommand(id) && importers.some((other) => ofCommand(other) && isNeededAtOnce(other, graph))
  )
}

// An entry that imports another one by its full name has none of its code. The bench has no name.
const externals = [ownName ?? [], Object.keys(dependencies)].flat()
const EXTERNAL = new RegExp(`^(node:|(${externals.join('|')})(/|$))`)
// Its entry `internal` has all that these have.
const CORE = /^wireguardcfg(\/backend|\/internal\/socket)?$/

// Each entry of a package that a file imports costs Node a search of its own through all folders
// above that file. From a certain number of them on, V8 compiles Node's functions for paths with
// its optimizing compiler, which takes several milliseconds and 3 MB.
/** @type {import('rolldown').Plugin} */
const oneEntryOfCore = {
  name: 'one entry of the core',
  resolveId: (id) => (CORE.test(id) ? { id: 'wireguardcfg/internal', external: true } : null),
}

const bundler = await rolldown({
  cwd: FOLDER,
  input: Object.fromEntries(entries.map((name) => [name, `./src/${name}.ts`])),
  external: (id) => !CORE.test(id) && EXTERNAL.test(id),
  plugins: [oneEntryOfCore],
  platform: 'node',
  // The oldest that is supported; it has no `using`.
  transform: { target: 'node20.19' },
  // For example a dependency that package.json does not name.
  onLog: (level, log, handle) => handle(level === 'warn' ? 'error' : level, log),
})
const { output } = await bundler.generate({
  dir: join(FOLDER, 'dist'),
  codeSplitting: { groups },
  entryFileNames: '[name].js',
  // The place of the module that it is named after.
  chunkFileNames: ({ name, facadeModuleId, moduleIds }) => {
    const module = [facadeModuleId ?? '', ...moduleIds].find((id) => parse(id).name === name)
    return `${module === undefined ? name : join(dirname(relative(SOURCE, module)), name)}.js`
  },
  // The declarations have the comments, and src, where the source maps lead, is published too.
  // Names are for stack traces.
  comments: { legal: true, annotation: false, jsdoc: false },
  sourcemap: true,
  sourcemapExcludeSources: true,
  minify: false,
  minifyInternalExports: false,
})
await bundler.close()
for (const file of output) {
  const path = join(FOLDER, 'dist', file.fileName)
  const text = file.type === 'chunk' ? file.code : String(file.source)
  // Another process may be loading the file just now: leave one alone that is right.
  if (read(path) === text) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
