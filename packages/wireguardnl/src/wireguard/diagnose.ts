import { describeKind } from 'wireguardcfg/internal'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import { getLink } from '../route/link.js'
import { WireGuardError } from 'wireguardcfg'
import { CAPABILITY_HINT, type ErrorContext, NO_INTERFACE_HINT, NO_MODULE_HINT } from './errors.js'

/**
 * Returns a better error for one that depends on the interface of this name, or `undefined` if the
 * error is clear enough. The kernel checks the capability before it looks up the interface, and
 * without the module nothing looks it up. Any user may read links.
 */
export async function diagnose(
  { cause, applied }: WireGuardError,
  route: Connection,
  options: ExchangeOptions,
  context: ErrorContext,
): Promise<WireGuardError | undefined> {
  if (!(cause instanceof NetlinkError) || cause.kind !== 'message') return undefined
  if (!['EPERM', 'ENOENT', 'EOPNOTSUPP'].includes(cause.code)) return undefined
  const link = await getLink(route, context.device!, options)
  const noModule = cause.code === 'ENOENT'
  const init = { ...context, applied, cause }
  if (link === undefined) {
    // The interface exists under an alternative name.
    if (cause.code === 'EOPNOTSUPP') return undefined
    return new WireGuardError('no interface of this name', {
      ...init,
      code: 'ENODEV',
      hint: noModule ? NO_MODULE_HINT : NO_INTERFACE_HINT,
    })
  }
  if (link.kind !== 'wireguard') {
    return new WireGuardError('not a WireGuard interface of the kernel', {
      ...init,
      code: 'EOPNOTSUPP',
      detail: describeKind(link.kind),
      hint:
        link.kind === 'tun'
          ? 'If a userspace implementation runs it, check that its socket exists and is accessible'
          : undefined,
    })
  }
  if (noModule) {
    return new WireGuardError('the kernel does not support WireGuard', {
      ...init,
      code: 'EPROTONOSUPPORT',
      hint: NO_MODULE_HINT,
    })
  }
  if (cause.code !== 'EPERM') return undefined
  return new WireGuardError('not permitted', { ...init, code: 'EPERM', hint: CAPABILITY_HINT })
}
