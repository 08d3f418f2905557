import type { NamedDeviceConfig, NamedPeerConfig } from '../model/config.js'
import type { ConfOptions } from './analyze.js'
import type { Conf } from './conf.js'
import { toDeviceConfigs } from './convert.js'
import { mergePeers } from './merge.js'

/**
 * Returns the configuration that makes a device equal to a file, as `wg setconf` does: absent keys
 * are reset, and other peers are removed. Sections that repeat a public key are merged. Keys of
 * wg-quick(8) are left out; the dialect `wg` refuses them as wg(8) does.
 *
 * The hosts of endpoints may be names, which have to be resolved first: the facade does it with its
 * option `resolve`.
 *
 * @example
 * ```ts
 * const config = configFromConf(parseConf(text))
 * console.log(config.listenPort, config.peers.length)
 * ```
 *
 * @throws ConfError `EINVAL` for the first error in the file
 */
export function configFromConf(
  conf: Conf,
  options?: ConfOptions,
): NamedDeviceConfig & { peers: NamedPeerConfig[] } {
  const { configs, unresolved } = toDeviceConfigs(conf, 'setconf', options)
  const names = new Map(
    unresolved.map(({ config, peer, host, port }) => [`${config}.${peer}`, { host, port }]),
  )
  const peers = configs.flatMap(({ peers: listed = [] }, i) =>
    listed.map((peer, j) => {
      const endpoint = names.get(`${i}.${j}`)
      return endpoint === undefined ? peer : { ...peer, endpoint }
    }),
  )
  return { ...configs[0], peers: mergePeers(peers) }
}
