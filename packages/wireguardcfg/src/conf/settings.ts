import { analyze, type Analysis, type ConfOptions } from './analyze.js'
import type { Conf } from './conf.js'
import { ConfError } from './problem.js'
import type { ConfInterface, ConfPeer } from './types.js'

/**
 * Returns the settings of `[Interface]`. Several `[Interface]` are merged as in wg(8): the last
 * value of a key counts, and lists grow.
 *
 * @example
 * ```ts
 * const { addresses, mtu } = interfaceSettings(parseConf(text))
 * ```
 *
 * @throws ConfError `EINVAL` for the first error anywhere in the file
 */
export function interfaceSettings(conf: Conf, options?: ConfOptions): ConfInterface {
  return analyzeStrictly(conf, options).interface
}

/**
 * Returns the settings of each `[Peer]`, in order. A public key may be repeated; the later peer
 * then updates the earlier one.
 *
 * @example
 * ```ts
 * for (const { name, publicKey } of peerSettings(parseConf(text))) console.log(name, publicKey)
 * ```
 *
 * @throws ConfError `EINVAL` for the first error anywhere in the file
 */
export function peerSettings(conf: Conf, options?: ConfOptions): readonly ConfPeer[] {
  return analyzeStrictly(conf, options).peers
}

/** Analyzes a file, and throws the first error in the order in which wg(8) finds them. */
export function analyzeStrictly(conf: Conf, options?: ConfOptions): Analysis {
  const analysis = analyze(conf, options)
  const problem = analysis.problems.find(({ severity }) => severity === 'error')
  if (problem !== undefined) throw new ConfError(problem)
  return analysis
}
