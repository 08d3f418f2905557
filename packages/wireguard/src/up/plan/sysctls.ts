import { WireGuardError } from 'wireguardcfg'
import type { Sysctl } from '../sysctl.js'
import { VALID_MARK } from '../sysctl.js'
import type { Made } from '../state/state.js'
import type { Draft } from './draft.js'

/**
 * Adds the change of a setting of the kernel. What other tunnels have changed already is shared:
 * the last one brings the value back that was there before all of them.
 *
 * @param reason what would not work without it
 * @throws WireGuardError `EROFS` it cannot be changed
 */
export function addSysctl(
  draft: Draft,
  sysctl: Sysctl,
  { key, value }: { readonly key: string; readonly value: string },
  reason: { readonly detail: string; readonly hint: string },
): void {
  const before = sysctl.read(key)
  if (before === undefined) return
  if (before === value) {
    const { others, former } = draft.request
    const made = [...(former?.made ?? []), ...others.flatMap((other) => other.made)]
    const shared = made.find((one) => keyOf(one) === key)
    if (shared !== undefined) draft.share(shared)
    return
  }
  if (!sysctl.canWrite(key)) {
    throw new WireGuardError(`${key} is ${before} and cannot be changed`, {
      code: 'EROFS',
      ...reason,
    })
  }
  draft.add({ type: 'set-sysctl', key, value, before })
}

function keyOf(made: Made): string | undefined {
  if (made.type === 'valid-mark') return VALID_MARK
  return made.type === 'sysctl' ? made.key : undefined
}
