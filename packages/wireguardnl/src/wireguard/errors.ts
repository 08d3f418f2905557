import { isWireGuardError, WireGuardError, type WireGuardErrorInit } from 'wireguardcfg'
import { describeKind, HINTS as SHARED_HINTS } from 'wireguardcfg/internal'
import { SystemCallError } from '../libc.js'
import { NetlinkError } from '../netlink/errors.js'
import { MalformedMessageError } from '../netlink/malformed.js'
import { writerGate } from '../netlink/writer-gate.js'

/** The context of an error: everything but its code and its cause. */
export type ErrorContext = Omit<WireGuardErrorInit, 'code' | 'cause' | 'operation'> & {
  readonly operation: string
}

/** The hint for an interface that does not exist. */
export const NO_INTERFACE_HINT = 'Check the name; the interface may be in another network namespace'

/** The hint for a kernel without WireGuard. */
export const NO_MODULE_HINT =
  'Needs the WireGuard module, part of Linux since 5.6; load it with modprobe wireguard'

/**
 * Returns the error for an interface that is not WireGuard of the kernel. A `tun` interface may
 * belong to a userspace implementation that has no socket yet, or no longer has one.
 */
export function notWireGuard(
  kind: string | undefined,
  init: Omit<WireGuardErrorInit, 'code'>,
): WireGuardError {
  const detail = describeKind(kind)
  if (kind !== 'tun') {
    return new WireGuardError('not a WireGuard interface of the kernel', {
      ...init,
      code: 'EOPNOTSUPP',
      detail,
    })
  }
  return new WireGuardError('no WireGuard device has this interface', {
    ...init,
    code: 'ENODEV',
    detail,
    hint: TUN_HINT,
  })
}

const TUN_HINT =
  'If a userspace implementation is starting or ending, try again; else check that its socket exists and is accessible'

/** The hint for a missing capability. */
export const CAPABILITY_HINT =
  'Needs CAP_NET_ADMIN in the user namespace that owns the network namespace; run as root, or give the capability to the container or to node'

/**
 * Returns the WireGuardError for an error of netlink. Any other error is a defect and is returned
 * unchanged. The original error is kept as the cause: it contains no bytes of a message.
 */
export function toWireGuardError(error: unknown, context: ErrorContext): unknown {
  if (isWireGuardError(error)) return error.with(context)
  if (error instanceof NetlinkError) return fromNetlink(error, context)
  if (error instanceof MalformedMessageError) {
    return new WireGuardError('malformed message from the kernel', {
      ...context,
      code: 'EPROTO',
      detail: error.message,
      cause: error,
    })
  }
  if (error instanceof SystemCallError) {
    return new WireGuardError(error.message, { ...context, code: error.code, cause: error })
  }
  return error
}

function fromNetlink(error: NetlinkError, context: ErrorContext): WireGuardError {
  if (error.code === 'ABORT_ERR') {
    return new WireGuardError(textOf(error), { ...context, code: error.code, cause: error.cause })
  }
  const detail = context.detail ?? error.extendedAck?.message ?? workOf(error)
  const init = { ...context, code: error.code, detail, cause: error }
  const summary = SUMMARIES[error.code]
  if (error.kind !== 'message' || summary === undefined) {
    return new WireGuardError(textOf(error), init)
  }
  return new WireGuardError(summary, {
    path: error.code === 'EADDRINUSE' ? 'listenPort' : undefined,
    hint: HINTS[error.code],
    ...init,
  })
}

/**
 * Returns what the kernel is at work on, for a call that timed out. It may have waited for one of
 * these, such as a deletion that waits for the dump of another process.
 */
function workOf({ code }: NetlinkError): string | undefined {
  if (code !== 'ETIMEDOUT' || writerGate.running.length === 0) return undefined
  return `the kernel is still at work: ${writerGate.running.join(', ')}`
}

// By the error code of the kernel's reply.
const SUMMARIES: Readonly<Record<string, string>> = {
  ENODEV: 'no interface of this name',
  EOPNOTSUPP: 'not a WireGuard interface of the kernel',
  EPERM: 'not permitted',
  EADDRINUSE: 'the listen port is taken',
  EINVAL: 'the kernel rejected a value',
}

const HINTS: Readonly<Record<string, string>> = {
  ENODEV: NO_INTERFACE_HINT,
  EPERM: CAPABILITY_HINT,
  EADDRINUSE: SHARED_HINTS.portInUse,
}

/** Returns the message without the operation and the code. */
function textOf(error: NetlinkError): string {
  const start = `${error.operation}: `
  const text = error.message.startsWith(start) ? error.message.slice(start.length) : error.message
  const code = `${error.code}, `
  return text.startsWith(code) ? text.slice(code.length) : text
}
