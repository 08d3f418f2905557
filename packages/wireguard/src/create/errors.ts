import { type BackendKind, WireGuardError } from 'wireguardcfg'
import { describeKind, HINTS } from 'wireguardcfg/internal'

/** A new interface of the kernel would have the name of a socket. */
export function socketExists(name: string): WireGuardError {
  return new WireGuardError('there is a userspace interface of this name', {
    code: 'EEXIST',
    detail: `${name}.sock`,
    hint: HINTS.socketOfOtherNamespace,
  })
}

/** A userspace implementation cannot be started under the name of an interface. */
export function interfaceExists(kind: string | undefined): WireGuardError {
  return new WireGuardError('an interface of this name exists', {
    code: 'EEXIST',
    detail: describeKind(kind),
    hint: 'Choose another name, or delete it first',
  })
}

/** The existing interface cannot be used. */
export function notWireGuard(kind: string | undefined): WireGuardError {
  return new WireGuardError('the existing interface is not WireGuard', {
    code: 'EOPNOTSUPP',
    detail: describeKind(kind),
    hint: 'Choose another name, or delete it first',
  })
}

/** The existing interface has another backend than the one asked for. */
export function otherBackend(backend: BackendKind): WireGuardError {
  return new WireGuardError(`the existing interface is one of the other backend, ${backend}`, {
    code: 'EEXIST',
    hint: "Delete it first, or ask for backend: 'auto'",
  })
}

/**
 * Neither backend can make an interface.
 *
 * @param kernel why the kernel cannot
 * @param userspace why no userspace implementation can be started
 */
export function noWireGuard(kernel: WireGuardError, userspace: WireGuardError): WireGuardError {
  return new WireGuardError(
    'neither the kernel has WireGuard nor is there another implementation',
    {
      code: 'EPROTONOSUPPORT',
      detail: kernel.detail,
      hint: `${kernel.hint}. ${userspace.hint}`,
      cause: userspace,
    },
  )
}

/** A userspace device did not take a port after it was brought up. */
export function notListening(cause: WireGuardError): WireGuardError {
  return new WireGuardError('the userspace implementation does not listen', {
    code: 'ETIMEDOUT',
    hint: 'Its log says why: start it with LOG_LEVEL=verbose in the environment',
    cause,
  })
}
