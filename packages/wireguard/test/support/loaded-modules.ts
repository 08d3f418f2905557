import { runCommand } from '../../../../test-fixtures/command.js'

/**
 * The addresses of the modules that node loads, in that order: files, and `node:` for its own.
 *
 * @param args what node runs
 */
export async function loadedModules(args: readonly string[]): Promise<string[]> {
  const { stderr, code } = await runCommand([process.execPath, '--import', REPORT, ...args])
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)
  return stderr.trim().split('\n')
}

// Prints the address of each module that is loaded.
const HOOK = `import { writeSync } from 'node:fs'
export async function load(url, context, next) { writeSync(2, url + '\\n'); return next(url, context) }`
const REPORT = `data:text/javascript,${encodeURIComponent(
  `import { register } from 'node:module'; register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOK)}))`,
)}`
