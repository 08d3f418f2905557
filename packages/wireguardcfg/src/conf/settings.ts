import { analyze, type Analysis, type ConfOptions } from './analyze.js'
import type { Conf } from './conf.js'
import { ConfError } from './problem.js'
import type { ConfInterface, ConfPeer } from './types.js'

/**
 * What `[Interface]` says, several merged as wg(8) does: the last value of a key counts, lists
 * grow.
 *
 * @throws ConfError `EINVAL` for the first error in the file, wherever it is
 */
export function interfaceSettings(conf: Conf, options?: ConfOptions): ConfInterface {
  return analyzeStrictly(conf, options).interface
}

/**
 * What each `[Peer]` says, in order. A public key may be there several times: the later one updates
 * the earlier.
 *
 * @throws ConfError `EINVAL` for the first error in the file, wherever it is
 */
export function peerSettings(conf: Conf, options?: ConfOptions): readonly ConfPeer[] {
  return analyzeStrictly(conf, options).peers
}

/** As `analyze`, but fails on the first error, in the order in which wg(8) would. */
export function analyzeStrictly(conf: Conf, options?: ConfOptions): Analysis {
  const analysis = analyze(conf, options)
  const problem = analysis.problems.find(({ severity }) => severity === 'error')
  if (problem !== undefined) throw new ConfError(problem)
  return analysis
}
