import { isWireGuardError, WireGuardError, type WireGuardErrorInit } from 'wireguardcfg'
import { SystemCallError } from '../libc.js'
import { NetlinkError } from '../netlink/errors.js'
import { MalformedMessageError } from '../netlink/malformed.js'

/** What an error says about where it happened. */
export type ErrorContext = Omit<WireGuardErrorInit, 'code' | 'cause' | 'operation'> & {
  readonly operation: string
}

/** What to do when an interface is not there. */
export const NO_INTERFACE_HINT = 'It may be in another network namespace'

/** What to do when the kernel has no WireGuard. */
export const NO_MODULE_HINT =
  'This kernel has no WireGuard: load the module (modprobe wireguard); it is part of Linux since 5.6'

/** What to do when a capability is missing. */
export const CAPABILITY_HINT =
  'Needs CAP_NET_ADMIN in the user namespace that owns the network namespace: run as root, or give the capability to the container or to node'

/** The kind of an interface, as the detail of an error. */
export function describeKind(kind: string | undefined): string {
  return kind === undefined ? 'a device of no kind' : `a device of kind ${JSON.stringify(kind)}`
}

/**
 * The error of the model for what netlink threw; what is none of ours, a defect, is handed back as
 * it is. The original is kept as the cause: it carries no bytes of a message.
 */
export function toWireGuardError(error: unknown, context: ErrorContext): unknown {
  if (isWireGuardError(error)) return error.with(context)
  if (error instanceof NetlinkError) return fromNetlink(error, context)
  if (error instanceof MalformedMessageError) {
    return new WireGuardError('the kernel sent what is not understood', {
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
  const detail = context.detail ?? error.extendedAck?.message
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

// By code of the kernel's answer.
const SUMMARIES: Readonly<Record<string, string>> = {
  ENODEV: 'no interface of this name',
  EOPNOTSUPP: 'not a WireGuard interface of the kernel',
  EPERM: 'not permitted',
  EADDRINUSE: 'the listen port is taken',
  EINVAL: 'the kernel refused a value',
}

const HINTS: Readonly<Record<string, string>> = {
  ENODEV: NO_INTERFACE_HINT,
  EPERM: CAPABILITY_HINT,
  EADDRINUSE: 'Another socket has the port; choose another listenPort, or 0',
}

/** The message without what the context and the code say. */
function textOf(error: NetlinkError): string {
  const start = `${error.operation}: `
  const text = error.message.startsWith(start) ? error.message.slice(start.length) : error.message
  const code = `${error.code}, `
  return text.startsWith(code) ? text.slice(code.length) : text
}
