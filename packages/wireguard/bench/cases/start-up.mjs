import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sideBySide } from '../measure.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const startUp = [
  {
    name: 'start-up',
    title: "a process that does `import 'wireguard'`, against one that imports nothing",
    aim: { by: 'difference', atMost: 30 },
    needs: [],
    run: async () => ({
      unit: 'ms',
      ...(await sideBySide(
        () => start("import 'wireguard'"),
        () => start('0'),
        { rounds: 30 },
      )),
    }),
  },
]

const HERE = fileURLToPath(new URL('.', import.meta.url))

/** @param {string} code of a module */
function start(code) {
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: HERE,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`node ended with ${status}: ${stderr}`)
}
