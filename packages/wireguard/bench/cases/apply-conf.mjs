import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { WireGuard } from 'wireguard'
import { confFromDevice, formatConf } from 'wireguard/conf'
import { sideBySide } from '../measure.mjs'
import { needsWg, needsWireGuardGo } from '../needs.mjs'

const run = promisify(execFile)

/** @type {readonly import('../case.d.ts').Case[]} */
export const applyConf = [
  {
    name: 'apply-one-change',
    title:
      'applying a file of 10,000 peers of which one has changed to wireguard-go, warm, against `wg syncconf` of the same file',
    aim: { by: 'ratio' },
    needs: [needsWireGuardGo, needsWg],
    run: async (fixtures) => {
      const name = await fixtures.largeDevice()
      const wg = await WireGuard.open()
      const folder = mkdtempSync(join(tmpdir(), 'wireguard-bench-'))
      try {
        const before = formatConf(confFromDevice(await wg.device(name)))
        const changed = before.replace(/(PublicKey = .*\n)/, '$1PersistentKeepalive = 25\n')
        // Each call makes the other change, so that there is always one peer to change.
        const texts = [changed, before]
        const files = texts.map((text, i) => {
          const file = join(folder, `${i}.conf`)
          writeFileSync(file, text, { mode: 0o600 })
          return file
        })
        let ours = 0
        let theirs = 0
        const samples = await sideBySide(
          async () => {
            for (let i = 0; i < 2; i++) await wg.applyConf(name, texts[ours++ % 2])
          },
          async () => {
            for (let i = 0; i < 2; i++) await run('wg', ['syncconf', name, files[theirs++ % 2]])
          },
          { rounds: 5 },
        )
        return { unit: 'ms', ...samples, note: 'of two changes, there and back' }
      } finally {
        await wg.close()
        rmSync(folder, { recursive: true })
      }
    },
  },
]
