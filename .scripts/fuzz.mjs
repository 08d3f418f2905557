// npm run fuzz -- [--minutes N] [--target NAME]... [--seed S] [--json] [--list]: bundles the
// sources of the three packages and packages/wireguard/fuzz, and runs the latter. See
// .github/CONTRIBUTING.md.
import { mkdirSync, rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OUTPUT = join(ROOT, 'node_modules', '.cache', `fuzz-${process.pid}`)

/** The file of the bundle for a module: one for each package, one for the fuzzer itself. */
const bundleOf = (/** @type {string} */ id) =>
  /^packages\/([^/]+)\/src\//.exec(relative(ROOT, id).replaceAll(sep, '/'))?.[1] ?? null

const bundler = await rolldown({
  cwd: ROOT,
  input: {
    fuzz: 'packages/wireguard/fuzz/fuzz.ts',
    worker: 'packages/wireguard/fuzz/worker.ts',
  },
  external: /^(node:|(koffi|zod|fast-check)(\/|$))/,
  platform: 'node',
  // It is about small files, and this is no release.
  logLevel: 'silent',
  resolve: { conditionNames: ['@wireguard/source', 'node', 'import'] },
  transform: { target: 'node20.19' },
  plugins: [
    {
      name: 'place-of-sources',
      // The sources find files beside themselves.
      transform(code, id) {
        if (!code.includes('import.meta.url')) return null
        const changed = code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
        return { code: changed, map: null }
      },
    },
  ],
})
mkdirSync(OUTPUT, { recursive: true })
// Whoever is interrupted leaves neither files nor a process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => process.exit(128 + constants.signals[signal]))
}
process.on('exit', () => rmSync(OUTPUT, { recursive: true, force: true }))
const { output } = await bundler.write({
  dir: OUTPUT,
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name].mjs',
  codeSplitting: { groups: [{ debugName: 'one file for each package', name: bundleOf }] },
})
await bundler.close()

const urlOf = (/** @type {string} */ file) => pathToFileURL(join(OUTPUT, file))
const files = output
  .map(({ fileName }) => fileName)
  .filter((name) => /^wireguard.*\.mjs$/.test(name))
const { main } = await import(urlOf('fuzz.mjs').href)
process.exitCode = await main(
  process.argv.slice(2),
  urlOf('worker.mjs'),
  files.map((file) => urlOf(file).href),
)
