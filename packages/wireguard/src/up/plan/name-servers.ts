import { WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import { invalid } from 'wireguardcfg/internal'
import { leadsNowhere, nameServerLines, ownerOf, resolvConfText } from '../dns/resolv-conf.js'
import { findResolvconf, type Resolvconf } from '../dns/resolvconf.js'
import { checkResolved, hasSystemBus } from '../dns/resolved.js'
import { RESOLV_CONF } from '../options.js'
import type { Draft } from './draft.js'

/**
 * Adds the name servers.
 *
 * @throws WireGuardError `EBUSY` another program manages the file; `EOPNOTSUPP` in another
 * namespace, without a file, or without the program resolvconf; `EINVAL`; as `checkResolved`
 */
export async function addNameServers(draft: Draft): Promise<void> {
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
  const resolvconf = resolvconfFor(draft, path)
  if (resolvconf !== undefined) {
    return draft.add({
      type: 'set-resolvconf',
      key: resolvconf.key,
      text: nameServerLines(settings.dns),
    })
  }
  if (usesResolved(draft, path)) {
    const { limits } = options
    using call = callDeadline({ operation: 'plan tunnel', device: name }, limits)
    await checkResolved(call)
    return draft.add({ type: 'set-resolved', dns: settings.dns })
  }
  checkOwner(draft, path)
  draft.add({ type: 'set-dns', path, text: resolvConfText(settings.dns, name) })
}

/** Whether systemd-resolved is told. @throws WireGuardError */
function usesResolved({ request }: Draft, path: string): boolean {
  const { dns, resolvConf } = request.options
  const isWanted = dns === 'resolved'
  if (resolvConf !== undefined) {
    if (!isWanted) return false
    throw invalid('systemd-resolved knows no other file', { path: 'resolvConf' })
  }
  const owner = dns === 'auto' ? ownerOf(path) : undefined
  const isManager = owner?.name === 'systemd-resolved' && owner.isCertain
  return isWanted || (isManager && hasSystemBus())
}

/** Returns the program resolvconf(8) where it is to be used. @throws WireGuardError */
function resolvconfFor({ request }: Draft, path: string): Resolvconf | undefined {
  const { dns, name, resolvConf } = request.options
  const isWanted = dns === 'resolvconf'
  if (resolvConf !== undefined) {
    if (!isWanted) return undefined
    throw invalid('resolvconf knows no other file', { path: 'resolvConf' })
  }
  const isManager = dns === 'auto' && ownerOf(path)?.name === 'resolvconf'
  if (!isWanted && !isManager) return undefined
  const found = findResolvconf(name)
  if (found !== undefined || !isWanted) return found
  throw new WireGuardError('there is no program resolvconf', {
    code: 'EOPNOTSUPP',
    path: 'dns',
    hint: "Install openresolv or resolvconf, or pass dns: 'file' or 'off'",
  })
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
