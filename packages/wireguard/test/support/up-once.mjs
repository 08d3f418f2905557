// node up-once.mjs NAME STATE-DIRECTORY BACKEND: brings a tunnel up; its text is standard input.
import { readFileSync } from 'node:fs'
import { WireGuard } from 'wireguard'

const [, , name = '', stateDirectory, backend] = process.argv
const text = readFileSync(0, 'utf8')
const wg = await WireGuard.open()
await wg.up(name, text, {
  backend: backend === 'kernel' ? 'kernel' : 'userspace',
  stateDirectory,
  killSwitch: true,
  hooks: 'run',
})
await wg.close()
