import type { WireGuardErrorInit } from 'wireguardcfg'
import { type Conf, parseConf } from 'wireguardcfg/conf'
import { invalid } from 'wireguardcfg/internal'

/** What a caller may give for a file. */
export const FILE = 'the text of a file, or what parseConf returned'

/**
 * Returns the file that a caller gave: parsed, or as text.
 *
 * @param expected what else the call would have taken, for the error
 * @throws WireGuardError `EINVAL` with the context
 */
export function givenConf(
  given: unknown,
  context: Omit<WireGuardErrorInit, 'code'>,
  expected = FILE,
): Conf {
  if (typeof given === 'string') return parseConf(given)
  if (isConf(given)) return given
  throw invalid(`expected ${expected}`, context)
}

/** Not by `instanceof`: the caller may have another copy of the package, and no type checker. */
function isConf(value: unknown): value is Conf {
  return typeof value === 'object' && value !== null && 'sections' in value
}
