import { WireGuardError } from 'wireguardcfg'
import { invalid } from 'wireguardcfg/internal'
import { leadsNowhere, ownerOf, resolvConfText } from '../dns/resolv-conf.js'
import { RESOLV_CONF } from '../options.js'
import type { Draft } from './draft.js'

/**
 * Adds the name servers.
 *
 * @throws WireGuardError `EBUSY` another program manages the file; `EOPNOTSUPP` in another
 * namespace, without a file; `EINVAL`
 */
export function addNameServers(draft: Draft): void {
  const { network, options, settings } = draft.request
  const { dns, name, resolvConf } = options
  const { servers, search } = settings.dns
  if (dns === 'off') return
  if (servers.length === 0) {
    if (search.length > 0) {
      draft.warn('DNS has search domains but no name server, and has no effect')
    }
    return
  }
  if (network.reference !== undefined && resolvConf === undefined) {
    throw new WireGuardError('name servers belong to no network namespace', {
      code: 'EOPNOTSUPP',
      path: 'dns',
      hint: "Pass dns: 'off', or name the file: resolvConf: '/etc/netns/NAME/resolv.conf'",
    })
  }
  const path = resolvConf ?? RESOLV_CONF
  checkOwner(draft, path)
  draft.add({ type: 'set-dns', path, text: resolvConfText({ servers, search }, name) })
}

function checkOwner(draft: Draft, path: string): void {
  if (leadsNowhere(path)) throw invalid(`${path} is a link that leads nowhere`, { path: 'dns' })
  const owner = ownerOf(path)
  if (owner === undefined) return
  if (draft.request.options.dns === 'file' || !owner.isCertain) {
    return draft.warn(`${owner.name} may change ${path} again, which the tunnel edits`)
  }
  throw new WireGuardError(`${owner.name} manages ${path}`, {
    code: 'EBUSY',
    path: 'dns',
    hint: `Pass dns: 'off' and tell ${owner.name} the name servers, or dns: 'file' to edit the file nevertheless`,
  })
}
