// node up-once.mjs ACTION NAME STATE-DIRECTORY BACKEND: brings a tunnel up (`up`), or changes it
// (`reload`); its text is standard input.
import { readFileSync } from 'node:fs'
import { WireGuard } from 'wireguard'

const [, , action, name = '', stateDirectory, backend] = process.argv
const text = readFileSync(0, 'utf8')
const wg = await WireGuard.open()
if (action === 'reload') await wg.reload(name, text, { stateDirectory })
else {
  await wg.up(name, text, {
    backend: backend === 'kernel' ? 'kernel' : 'userspace',
    stateDirectory,
    killSwitch: true,
    hooks: 'run',
  })
}
await wg.close()
