import { type BackendKind, isWireGuardError, WireGuardError } from 'wireguardcfg'
import { describeKind, HINTS } from 'wireguardcfg/internal'
import type { Host } from '../host.js'

/** Reports that a new kernel interface would have the name of an existing socket. */
export function socketExists(name: string): WireGuardError {
  return new WireGuardError('a userspace interface of this name exists', {
    code: 'EEXIST',
    detail: `${name}.sock`,
    hint: HINTS.socketOfOtherNamespace,
  })
}

/** Reports that a new userspace interface would have the name of an existing interface. */
export function interfaceExists(kind: string | undefined): WireGuardError {
  return new WireGuardError('an interface of this name exists', {
    code: 'EEXIST',
    detail: describeKind(kind),
    hint:
      kind === 'tun'
        ? 'Choose another name, or try again if a userspace implementation is ending'
        : 'Choose another name, or delete it first',
  })
}

/** Reports that the interface is no longer the one that the call made or found. */
export function replaced(): WireGuardError {
  return new WireGuardError('the interface was deleted during the call', {
    code: 'ENODEV',
    hint: 'Let only one program manage it',
  })
}

/** Reports that the existing interface cannot be used. */
export function notWireGuard(kind: string | undefined): WireGuardError {
  const isTun = kind === 'tun'
  return new WireGuardError(
    isTun ? 'no daemon serves the existing interface' : 'the existing interface is not WireGuard',
    {
      code: isTun ? 'ENODEV' : 'EOPNOTSUPP',
      detail: describeKind(kind),
      hint: isTun
        ? 'Check that the socket of its implementation exists and is accessible, or choose another name'
        : 'Choose another name, or delete it first',
    },
  )
}

/** Reports that the existing interface uses another backend than the options require. */
export function otherBackend(backend: BackendKind): WireGuardError {
  return new WireGuardError(`the existing interface uses the ${backend} backend`, {
    code: 'EEXIST',
    hint: "Delete it first, or set backend: 'auto'",
  })
}

/**
 * Reports that neither backend can create an interface.
 *
 * @param kernel the error of the kernel
 * @param userspace the error of the search for a userspace implementation
 */
export function noWireGuard(kernel: WireGuardError, userspace: WireGuardError): WireGuardError {
  return new WireGuardError(
    'no WireGuard found: neither a kernel module nor a userspace implementation',
    {
      code: 'EPROTONOSUPPORT',
      detail: kernel.detail,
      hint: `${kernel.hint}. ${userspace.hint}`,
      cause: userspace,
    },
  )
}

/** Reports that a userspace device has no listen port after it was brought up. */
export function notListening(cause: WireGuardError): WireGuardError {
  return new WireGuardError('the userspace implementation does not open its listen port', {
    code: 'ETIMEDOUT',
    hint: 'Start it by hand with LOG_LEVEL=verbose in the environment to see the reason',
    cause,
  })
}

/**
 * Adds a hint to the error of a creation whose reply was lost, if the interface exists: it may be
 * the new one. It stays, because it may also be that of another program.
 */
export async function mayHaveMade(error: unknown, host: Host, name: string): Promise<unknown> {
  // With these codes, the kernel has refused to make it.
  const isRefused = !isWireGuardError(error) || REFUSED.has(error.code)
  if (isRefused) return error
  const link = await host.network.find(name, {}).catch(() => undefined)
  if (link?.kind !== 'wireguard') return error
  const hint =
    'The interface exists now, perhaps made by this call: if no other program made it, delete it'
  return error.with({ hint, applied: 'unknown' })
}

const REFUSED: ReadonlySet<string> = new Set([
  'EEXIST',
  'EPERM',
  'EINVAL',
  'EOPNOTSUPP',
  'EPROTONOSUPPORT',
])
