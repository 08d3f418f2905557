import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { NetlinkError } from '../netlink/errors.js'
import { getLink } from '../route/link.js'
import { WireGuardError } from 'wireguardcfg'
import {
  CAPABILITY_HINT,
  type ErrorContext,
  NO_INTERFACE_HINT,
  NO_MODULE_HINT,
  notWireGuard,
} from './errors.js'

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
    return new WireGuardError('no interface of this name', {
      ...init,
      code: 'ENODEV',
      hint: noModule ? NO_MODULE_HINT : NO_INTERFACE_HINT,
    })
  }
  if (link.kind !== 'wireguard') {
    return notWireGuard(link.kind, init)
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
