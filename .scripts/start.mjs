// npm start: from a fresh clone to a configured device on the screen.
import { ensureInstalled } from './install.mjs'
import { npm, run, runQuietly } from './process.mjs'

await ensureInstalled()
const built = await runQuietly(npm('run', '--silent', 'build'))
process.exitCode =
  built === 0
    ? await run([
        process.execPath,
        'packages/wireguard/examples/embedded.mjs',
        ...process.argv.slice(2),
      ])
    : built
