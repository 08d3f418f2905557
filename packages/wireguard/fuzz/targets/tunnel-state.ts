import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { loadText } from '../../../../test-fixtures/load.js'
import { formatState, parseState } from '../../src/up/state/state.js'
import { checkError } from '../faults.js'
import { must, target } from '../target.js'

/** What states are made of. */
const WORDS: readonly string[] = [
  ...`version name boot link index kind isComplete hooksBegan file save hasOwnMark full made type route
    rule firewall valid-mark dns resolvconf key tun.wg0 path hooks preDown postDown family table priority protocol invert
    firewallMark suppressPrefixLength destination gateway device metric unreachable unicast before`
    .split(/\s+/)
    .map((word) => `"${word}": `),
  '"__proto__": ',
  '/etc/netns/a/resolv.conf',
  '4294967295',
  '32766',
  'true',
  'null',
  '[]',
  '{}',
]

export const tunnelState = target<string>({
  name: 'tunnel-state',
  what: 'states of tunnels to their parser; what it accepts is the same when it is written again',
  fresh: fc.json(),
  seeds: () => [loadText('tunnel-state/1.json')],
  words: WORDS,
  open: () => ({ run: (text) => Promise.resolve(readState(text)) }),
})

function readState(text: string): void {
  let state
  try {
    state = parseState(text, 'wg0')
  } catch (error) {
    checkError(error)
    return
  }
  must(isDeepStrictEqual(parseState(formatState(state), 'wg0'), state), 'it changed')
}
