import { publicKeyOf } from '../../../../test-fixtures/sample.js'

const PEER = publicKeyOf(1)

/** The command line that has a text in this place. */
export const PLACES: readonly (readonly [
  place: string,
  line: (text: string) => readonly string[],
])[] = [
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
