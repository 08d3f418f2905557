import { WireGuardError } from 'wireguardcfg'
import { callDeadline } from 'wireguardcfg/backend'
import { invalid } from 'wireguardcfg/internal'
import {
  leadsNowhere,
  nameServerLines,
  ownerOf,
  resolvConfText,
  type ResolverOwner,
} from '../dns/resolv-conf.js'
import { findResolvconf, type Resolvconf } from '../dns/resolvconf.js'
import { checkResolved, hasSystemBus } from '../dns/resolved.js'
import { RESOLV_CONF } from '../check-options.js'
import type { Draft } from './draft.js'

/**
 * Adds the name servers.
 *
 * @throws WireGuardError `EBUSY` another program manages the file; `EOPNOTSUPP` in another
 * namespace, without a file, or without the program resolvconf; `EINVAL`; as `checkResolved`
 */
export async function addNameServers(draft: Draft): Promise<void> {
  const { network, options, settings } = draft.request
  const { dns, name, resolvConf, isSplitDNS } = options
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
  const owner = ownerOf(path)
  const way = wayOf(draft, owner)
  if (way === 'resolved') {
    using call = callDeadline({ operation: 'plan tunnel', device: name }, options.limits)
    await checkResolved(call)
    if (isSplitDNS && search.length === 0) {
      throw invalid('DNS of the file has no search domain, so no name would be asked', {
        path: 'dnsMode',
      })
    }
    return draft.add({ type: 'set-resolved', dns: settings.dns, isSplit: isSplitDNS })
  }
  if (isSplitDNS) throw noSplit()
  if (way !== 'file') {
    return draft.add({
      type: 'set-resolvconf',
      key: way.key,
      text: nameServerLines(settings.dns),
    })
  }
  checkOwner(draft, path, owner)
  draft.add({ type: 'set-dns', path, text: resolvConfText(settings.dns, name) })
}

/** Returns how name servers are set: by which program, or in the file. @throws WireGuardError */
function wayOf(
  { request }: Draft,
  owner: ResolverOwner | undefined,
): 'resolved' | 'file' | Resolvconf {
  const { dns, name, resolvConf } = request.options
  if (dns === 'auto') {
    // Programs know no file but that of the machine.
    if (resolvConf !== undefined) return 'file'
    if (owner?.name === 'resolvconf') return findResolvconf(name) ?? 'file'
    const isResolved = owner?.name === 'systemd-resolved' && owner.isCertain
    return isResolved && hasSystemBus() ? 'resolved' : 'file'
  }
  if (dns !== 'resolved' && dns !== 'resolvconf') return 'file'
  if (resolvConf !== undefined) {
    const program = dns === 'resolved' ? 'systemd-resolved' : 'resolvconf'
    throw invalid(`${program} knows no other file`, { path: 'resolvConf' })
  }
  if (dns === 'resolved') return 'resolved'
  const found = findResolvconf(name)
  if (found !== undefined) return found
  throw new WireGuardError('there is no program resolvconf', {
    code: 'EOPNOTSUPP',
    path: 'dns',
    hint: "Install openresolv or resolvconf, or pass dns: 'file' or 'off'",
  })
}

function noSplit(): WireGuardError {
  return new WireGuardError('only systemd-resolved asks name servers for some names alone', {
    code: 'EOPNOTSUPP',
    path: 'dnsMode',
    hint: "Let systemd-resolved manage /etc/resolv.conf, or pass dnsMode: 'exclusive'",
  })
}

function checkOwner(draft: Draft, path: string, owner: ResolverOwner | undefined): void {
  if (leadsNowhere(path)) throw invalid(`${path} is a link that leads nowhere`, { path: 'dns' })
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
