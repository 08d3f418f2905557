import type { Device } from 'wireguardcfg'
import type { Rule } from 'wireguardnl'
import { MAIN } from './plan/step.js'
import { FAMILIES } from './plan/prefixes.js'
import type { Made } from './state/state.js'

/**
 * Returns the rules that wg-quick(8) has added for a device: those whose table and mark are the
 * mark of the device, and of each family the one before it that ignores default routes. Rules of
 * others, also of other tunnels, are left out.
 */
export function foreignTunnel({ firewallMark }: Device, rules: readonly Rule[]): Made[] {
  if (firewallMark === 0) return []
  return FAMILIES.flatMap((family) => {
    const own = rules.filter((rule) => rule.family === family)
    const index = own.findIndex(
      (rule) => rule.invert && rule.table === firewallMark && rule.firewallMark === firewallMark,
    )
    if (index < 0) return []
    const { priority, protocol } = own[index]!
    const mark = { family, table: firewallMark, priority, protocol, invert: true, firewallMark }
    const suppressing = own
      .slice(0, index)
      .findLast(
        (rule) =>
          rule.table === MAIN &&
          rule.suppressPrefixLength === 0 &&
          rule.protocol === protocol &&
          priority - rule.priority <= 1,
      )
    const found: Made[] = [{ type: 'rule', rule: mark }]
    if (suppressing !== undefined) {
      const { priority: before, protocol: by } = suppressing
      const rule = { family, table: MAIN, priority: before, protocol: by, suppressPrefixLength: 0 }
      found.unshift({ type: 'rule', rule })
    }
    return found
  })
}
