import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { sideBySide } from '../measure.mjs'

/** @type {readonly import('../case.d.ts').Case[]} */
export const startUp = [
  {
    name: 'start-up',
    title: "a process that does `import 'wireguard'`, against one that imports nothing",
    aim: { by: 'difference', atMost: 30, stretch: 15 },
    needs: [],
    run: async () => ({
      unit: 'ms',
      ...(await sideBySide(
        () => start('-e', "import 'wireguard'"),
        () => start('-e', '0'),
        { rounds: 30 },
      )),
    }),
  },
  {
    name: 'start-up-show',
    title: 'the command `wireguard show interfaces`, against a process that does nothing',
    aim: { by: 'difference', atMost: 60, stretch: 40 },
    needs: [],
    run: async () => ({
      unit: 'ms',
      ...(await sideBySide(
        () => start(COMMAND, 'show', 'interfaces'),
        () => start('-e', '0'),
        { rounds: 30 },
      )),
    }),
  },
]

const HERE = fileURLToPath(new URL('.', import.meta.url))

const COMMAND = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))

/** @param {readonly string[]} args */
function start(...args) {
  const { status, stderr } = spawnSync(
    process.execPath,
    args[0] === '-e' ? ['--input-type=module', ...args] : args,
    {
      cwd: HERE,
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`node ended with ${status}: ${stderr}`)
}
