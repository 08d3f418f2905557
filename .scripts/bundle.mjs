// node .scripts/bundle.mjs FOLDER...: makes the JavaScript of packages, dist/*.js, from src/*.ts;
// their declarations are made by tsc. It is bundled because a file costs Node a quarter of a
// millisecond to find, read and link, and there are nearly two hundred sources.
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { chunkName, sharedChunks } from './chunks.mjs'

await Promise.all(process.argv.slice(2).map((folder) => bundle(realpathSync(folder))))

/** @param {string} folder of a package */
async function bundle(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const [source, target] = [join(folder, 'src'), join(folder, 'dist')]
  const bundler = await rolldown({
    cwd: folder,
    input: entries(manifest),
    external: new RegExp(`^(node:|(${Object.keys(manifest.dependencies).join('|')})(/|$))`),
    platform: 'node',
    // The oldest that is supported; it has no `using`.
    transform: { target: 'node20.19' },
    // For example a dependency that package.json does not name.
    onLog: (level, log, handle) => handle(level === 'warn' ? 'error' : level, log),
  })
  const { output } = await bundler.generate({
    dir: target,
    codeSplitting: { groups: sharedChunks(source) },
    entryFileNames: '[name].js',
    chunkFileNames: (chunk) => `${chunkName(chunk, source)}.js`,
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
    update(join(target, file.fileName), file.type === 'chunk' ? file.code : String(file.source))
  }
}

/**
 * What others can load and run of a package, and what each is made from: dist/x.js from src/x.ts.
 * @param {{ exports: Record<string, string | { default: string }>, bin?: Record<string, string> }}
 * manifest
 * @returns {Record<string, string>} sources by the name of their entry
 */
function entries({ exports, bin = {} }) {
  const files = [...Object.values(exports), ...Object.values(bin)]
    .map((file) => (typeof file === 'string' ? file : file.default))
    .flatMap((file) => /^\.\/dist\/(.+)\.js$/.exec(file)?.[1] ?? [])
  return Object.fromEntries(files.map((name) => [name, `./src/${name}.ts`]))
}

/**
 * Writes a file, unless that is what is in it: another process may be loading it just now.
 * @param {string} path
 * @param {string} text
 */
function update(path, text) {
  try {
    if (readFileSync(path, 'utf8') === text) return
  } catch {
    mkdirSync(dirname(path), { recursive: true })
  }
  writeFileSync(path, text)
}
