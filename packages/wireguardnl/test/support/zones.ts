import type { Zones } from '../../src/wireguard/structs.js'

const NAMES = ['lo', 'eth0', 'wg0']

/** The interfaces lo, eth0 and wg0, by the indexes 1, 2 and 3. */
export const zones: Zones = {
  index: (name) => NAMES.indexOf(name) + 1,
  name: (index) => NAMES[index - 1],
}
