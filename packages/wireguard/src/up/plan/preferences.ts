import { invalid } from 'wireguardcfg/internal'
import type { Rule } from 'wireguardnl'

/** The pairs of preferences of tunnels. NetworkManager has 30768 to 31766. */
const FIRST = 31_800
const LAST = 32_598

/**
 * Chooses the preferences of a tunnel: that of the rule that ignores default routes of the main
 * table, and the next one. Rules with a lower number come first. So the pair is below the others,
 * and the tunnel that came up last comes first, as with wg-quick(8).
 *
 * @param rules of the machine
 * @param reserved the first preferences of tunnels that are coming up
 * @throws WireGuardError `EEXIST` when all pairs are used, or the wanted one
 */
export function choosePreference(
  rules: readonly Pick<Rule, 'priority'>[],
  reserved: readonly number[],
  wanted: number | undefined,
): number {
  const used = new Set(rules.map(({ priority }) => priority))
  for (const preference of reserved) used.add(preference).add(preference + 1)
  const isFree = (preference: number) => !used.has(preference) && !used.has(preference + 1)
  if (wanted !== undefined) {
    if (isFree(wanted)) return wanted
    throw invalid(`there are rules with the preference ${wanted} or ${wanted + 1}`, {
      path: 'rulePreference',
    })
  }
  const inRange = [...used].filter((preference) => preference >= FIRST && preference <= LAST + 1)
  const lowest = Math.min(LAST + 2, ...inRange)
  for (let pair = lowest - 2 - (lowest % 2); pair >= FIRST; pair -= 2) if (isFree(pair)) return pair
  for (let pair = LAST; pair >= FIRST; pair -= 2) if (isFree(pair)) return pair
  throw invalid(`all preferences of rules from ${FIRST} to ${LAST + 1} are used`, {
    path: 'rulePreference',
    hint: 'Choose another one with rulePreference',
  })
}
