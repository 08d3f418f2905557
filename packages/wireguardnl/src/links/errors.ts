import { HINTS } from 'wireguardcfg/internal'
import { WireGuardError } from 'wireguardcfg'
import { errnoText } from '../errno.js'
import { NetlinkError } from '../netlink/errors.js'
import { LinkKindError } from '../route/link-requests.js'
import {
  CAPABILITY_HINT,
  type ErrorContext,
  NO_INTERFACE_HINT,
  NO_MODULE_HINT,
  notWireGuard,
  toWireGuardError,
} from '../wireguard/errors.js'

/** The operations on interfaces, routes, rules and tables, as they appear in errors. */
export type LinkOperation =
  | 'create interface'
  | 'delete interface'
  | 'read interface'
  | 'change interface'
  | 'move interface'
  | 'list addresses'
  | 'add address'
  | 'remove address'
  | 'watch interfaces'
  | 'list routes'
  | 'add route'
  | 'replace route'
  | 'delete route'
  | 'look up route'
  | 'list rules'
  | 'add rule'
  | 'delete rule'
  | 'set firewall'
  | 'delete firewall'
  | 'list firewall tables'
  | 'list firewall chains'

/** The meaning of a kernel error code for an operation. */
interface Fault {
  readonly summary: string
  readonly hint?: string
  /** The code that users get, if it differs from that of the kernel. */
  readonly code?: string
}

const NO_NFTABLES: Fault = {
  summary: 'the kernel has no nf_tables',
  hint: 'Load the module nf_tables',
  code: 'EPROTONOSUPPORT',
}

const EVERYWHERE: Readonly<Record<string, Fault>> = {
  EPERM: { summary: 'not permitted', hint: CAPABILITY_HINT },
  ENODEV: { summary: 'no interface of this name', hint: NO_INTERFACE_HINT },
  EINVAL: { summary: 'the kernel rejected a value' },
}

const NEW_ROUTE: Readonly<Record<string, Fault>> = {
  ENETDOWN: { summary: 'the interface is down', hint: 'Bring the interface up first' },
  ENETUNREACH: { summary: 'the gateway cannot be reached' },
  EACCES: {
    summary: 'IPv6 is disabled on this interface',
    hint: 'Enable IPv6 (sysctl net.ipv6.conf.NAME.disable_ipv6=0), or leave this route out',
  },
  EOPNOTSUPP: {
    summary: 'this kernel has no IPv6',
    hint: 'IPv6 is disabled at boot (ipv6.disable=1); leave this route out',
  },
}

const FAULTS: Readonly<Record<LinkOperation, Readonly<Record<string, Fault>>>> = {
  'create interface': {
    EEXIST: {
      summary: 'an interface of this name exists',
      hint: 'Choose another name, or delete it first',
    },
    EOPNOTSUPP: {
      summary: 'the kernel does not support WireGuard',
      code: 'EPROTONOSUPPORT',
      hint: NO_MODULE_HINT,
    },
  },
  'delete interface': {},
  'read interface': {},
  'change interface': {
    EADDRINUSE: {
      summary: 'the listen port is taken',
      hint: HINTS.portInUse,
    },
  },
  'move interface': {
    EEXIST: { summary: 'an interface of this name exists in the other network namespace' },
    EPERM: {
      summary: 'not permitted',
      hint: `${CAPABILITY_HINT}. Moving an interface needs it for both network namespaces`,
    },
  },
  'list addresses': {},
  'add address': {
    EEXIST: { summary: 'the interface already has this address' },
    EACCES: {
      summary: 'IPv6 is disabled on this interface',
      hint: 'Enable IPv6 (sysctl net.ipv6.conf.NAME.disable_ipv6=0), or remove this address',
    },
    EOPNOTSUPP: {
      summary: 'this kernel has no IPv6',
      hint: 'IPv6 is disabled at boot (ipv6.disable=1); remove this address',
    },
  },
  'list routes': {},
  'add route': {
    EEXIST: {
      summary: 'the table has a route to this destination',
      hint: 'Delete it first, or give this one another metric',
    },
    ...NEW_ROUTE,
  },
  'replace route': NEW_ROUTE,
  'delete route': {
    ESRCH: { summary: 'there is no such route' },
    // A table without routes does not exist.
    ENOENT: { summary: 'there is no such route', code: 'ESRCH' },
  },
  'look up route': {
    ENETUNREACH: { summary: 'there is no route to this address' },
    EHOSTUNREACH: { summary: 'a route says that this address is unreachable' },
    EACCES: { summary: 'a route prohibits packets to this address' },
  },
  'list rules': {},
  'add rule': { EEXIST: { summary: 'this rule is there already' } },
  'delete rule': { ENOENT: { summary: 'there is no such rule' } },
  'set firewall': {
    EOPNOTSUPP: NO_NFTABLES,
    ENOENT: {
      summary: 'the kernel has no nf_tables expression that is needed',
      hint: 'Load the modules nft_fib_ipv4, nft_fib_ipv6 and nft_ct',
      code: 'EPROTONOSUPPORT',
    },
  },
  'delete firewall': { EOPNOTSUPP: NO_NFTABLES },
  // nfnetlink's answer to a dump when it has no nf_tables.
  'list firewall tables': { EOPNOTSUPP: NO_NFTABLES, EINVAL: NO_NFTABLES },
  'list firewall chains': { EOPNOTSUPP: NO_NFTABLES, EINVAL: NO_NFTABLES },
  'watch interfaces': {},
  'remove address': {
    EADDRNOTAVAIL: { summary: 'the interface does not have this address' },
  },
}

function joined(...parts: readonly (string | undefined)[]): string | undefined {
  const known = parts.filter((part) => part !== undefined && part !== '')
  return known.length === 0 ? undefined : known.join(': ')
}

/**
 * Returns the WireGuardError for an error of a link operation. Any other error is a defect and is
 * returned unchanged. The explanation of the kernel becomes the `detail`, behind the subject; the
 * original error the cause.
 */
export function toLinkError(
  error: unknown,
  {
    subject,
    ...context
  }: ErrorContext & { readonly operation: LinkOperation; readonly subject?: string | undefined },
): unknown {
  if (error instanceof LinkKindError) {
    const hint = 'Use ip link delete for an interface of another kind'
    return notWireGuard(error.actual, { ...context, hint, cause: error })
  }
  if (!(error instanceof NetlinkError) || error.kind !== 'message') {
    return toWireGuardError(error, context)
  }
  const fault = FAULTS[context.operation][error.code] ?? EVERYWHERE[error.code]
  const explanation = error.extendedAck?.message
  return new WireGuardError(fault?.summary ?? errnoText(error.errno!), {
    ...context,
    detail: context.detail ?? joined(subject, explanation),
    // The kernel's texts are 'mtu greater than device maximum' and 'mtu less than device minimum'.
    path: explanation?.startsWith('mtu ') === true ? 'mtu' : undefined,
    // sysctl writes a dot of an interface name as a slash.
    hint: fault?.hint?.replace('NAME', () => context.device?.replaceAll('.', '/') ?? 'NAME'),
    code: fault?.code ?? error.code,
    cause: error,
  })
}
