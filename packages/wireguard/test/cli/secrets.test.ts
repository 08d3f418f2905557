// Users paste private keys into the wrong place. No message of the command may repeat one.
import { describe, expect, it } from '@jest/globals'
import { mangledKeys, shows } from '../../../../test-fixtures/mangled-keys.js'
import { privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'
import { commandFixture } from './fixture.js'

const PEER = publicKeyOf(1)

/** The command line that has a text in this place. */
const PLACES: readonly (readonly [place: string, line: (text: string) => readonly string[]])[] = [
  ['subcommand', (text) => [text]],
  ['option', (text) => ['show', `--${text}`]],
  ['interface', (text) => ['show', text]],
  ['field', (text) => ['show', 'wg0', text]],
  ['word of set', (text) => ['set', 'wg0', text, 'x']],
  ['port', (text) => ['set', 'wg0', 'listen-port', text]],
  ['mark', (text) => ['set', 'wg0', 'fwmark', text]],
  ['path of a key file', (text) => ['set', 'wg0', 'private-key', text]],
  ['interval', (text) => ['set', 'wg0', 'peer', PEER, 'persistent-keepalive', text]],
  ['allowed IP', (text) => ['set', 'wg0', 'peer', PEER, 'allowed-ips', text]],
  ['host', (text) => ['set', 'wg0', 'peer', PEER, 'endpoint', `${text}:51820`]],
  ['endpoint', (text) => ['set', 'wg0', 'peer', PEER, 'endpoint', text]],
  ['path of a file', (text) => ['setconf', 'wg0', text]],
  ['path to check', (text) => ['check', text]],
]

describe('a key in the place of', () => {
  const wg = commandFixture()

  it.each(PLACES)('a %s is hidden, however it is written', async (_, line) => {
    for (const [, mangled] of mangledKeys(privateKeyOf(7).bytes())) {
      const asked: string[] = []
      const lookup = (host: string) => {
        asked.push(host)
        return Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }))
      }
      const env = { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }
      const { stdout, stderr } = await wg.run(line(mangled.text), { lookup, env })
      expect(shows(stdout + stderr + asked.join(' '), mangled)).toBe(false)
    }
  })
})
