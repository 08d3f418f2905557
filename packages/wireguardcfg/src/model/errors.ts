import { quote } from './quote.js'

/**
 * The codes that a {@link WireGuardError} carries: POSIX names, as Node's own errors do, and Node's
 * `ABORT_ERR`. The same fault has the same code from every backend.
 *
 * | code | meaning |
 * |---|---|
 * | `ENODEV` | no backend has an interface of this name |
 * | `EOPNOTSUPP` | the interface exists but is not WireGuard, or the operation is not supported |
 * | `EPROTONOSUPPORT` | the kernel has no WireGuard module |
 * | `EPERM` | a capability or a file permission is missing |
 * | `EINVAL` | a value is invalid; nothing was changed, unless `applied` says that it was |
 * | `EADDRINUSE` | the listen port is in use |
 * | `ETIMEDOUT` | no progress for `idleTimeout` milliseconds |
 * | `EPROTO` | malformed or unexpected reply |
 * | `ABORT_ERR` | the caller's signal was aborted; `name` is `AbortError` |
 *
 * Any other POSIX name may appear, as the system reports it.
 */
export type WireGuardErrorCode =
  | 'ENODEV'
  | 'EOPNOTSUPP'
  | 'EPROTONOSUPPORT'
  | 'EPERM'
  | 'EINVAL'
  | 'EADDRINUSE'
  | 'ETIMEDOUT'
  | 'EPROTO'
  | 'ABORT_ERR'
  | (string & {})

/** The properties of a new {@link WireGuardError}. None of them may hold a secret. */
export interface WireGuardErrorInit {
  /** The POSIX name of the fault, or `ABORT_ERR`. */
  readonly code: WireGuardErrorCode
  /** The operation that failed, in the words of a user: `configure device`, `parse key`. */
  readonly operation?: string | undefined
  /** The interface name. */
  readonly device?: string | undefined
  /** The public key of the peer concerned. */
  readonly peer?: string | undefined
  /** The field of the configuration, as written in code: `peers[3].allowedIPs[0]`. */
  readonly path?: string | undefined
  /** The kernel's extended-ack text, the daemon's reply, or the offending line or key. */
  readonly detail?: string | undefined
  /** How to fix it, as one imperative sentence. */
  readonly hint?: string | undefined
  /** How many peers of a write had been applied when it failed. */
  readonly applied?: number | 'unknown' | undefined
  /** The error that caused this one. */
  readonly cause?: unknown
}

/**
 * The class of every error that these packages throw on purpose. No message, property or cause of
 * it carries a secret.
 *
 * @example
 * ```ts
 * throw new WireGuardError('no such interface', { code: 'ENODEV', device: 'wg0' })
 * ```
 */
export class WireGuardError extends Error {
  /** The POSIX name of the fault, or `ABORT_ERR`. */
  readonly code: WireGuardErrorCode
  /** The operation that failed, in the words of a user: `configure device`, `parse key`. */
  readonly operation: string | undefined
  /** The name of the interface. */
  readonly device: string | undefined
  /** The public key of the peer concerned. */
  readonly peer: string | undefined
  /** The field of the configuration, as written in code: `peers[3].allowedIPs[0]`. */
  readonly path: string | undefined
  /** The kernel's extended-ack text, the daemon's reply, or the offending line or key. */
  readonly detail: string | undefined
  /** How to fix it, as one imperative sentence. */
  readonly hint: string | undefined
  /**
   * How many peers of a write had been applied when it failed; `undefined` for other operations.
   */
  readonly applied: number | 'unknown' | undefined
  readonly #summary: string

  /**
   * @param summary the fault, in lower case and without a full stop; operation, device, path,
   * detail and hint are added to the message
   */
  constructor(summary: string, init: WireGuardErrorInit) {
    super(compose(summary, init), init.cause === undefined ? undefined : { cause: init.cause })
    this.name = init.code === 'ABORT_ERR' ? 'AbortError' : 'WireGuardError'
    this.code = init.code
    this.operation = init.operation
    this.device = init.device
    this.peer = init.peer
    this.path = init.path
    this.detail = init.detail
    this.hint = init.hint
    this.applied = init.applied
    this.#summary = summary
  }

  /**
   * The fault alone: the message without the parts that the other properties hold, so that another
   * error can be composed from it.
   */
  get summary(): string {
    return this.#summary
  }

  /**
   * Returns a copy of this error with more context, or this error if the context adds nothing.
   * Properties that are already set keep their values.
   *
   * @example
   * ```ts
   * throw error.with({ operation: 'read device', device: 'wg0' })
   * ```
   */
  with(context: Omit<WireGuardErrorInit, 'code' | 'cause'>): WireGuardError {
    const addsContext = CONTEXT.some(
      (field) => this[field] === undefined && context[field] !== undefined,
    )
    if (!addsContext) return this
    const error = new WireGuardError(this.#summary, {
      code: this.code,
      operation: this.operation ?? context.operation,
      device: this.device ?? context.device,
      peer: this.peer ?? context.peer,
      path: this.path ?? context.path,
      detail: this.detail ?? context.detail,
      hint: this.hint ?? context.hint,
      applied: this.applied ?? context.applied,
      cause: this.cause,
    })
    if (this.stack !== undefined)
      error.stack = this.stack.replace(this.message, () => error.message)
    return error
  }
}

/**
 * Returns whether a value is a {@link WireGuardError}, also when two copies of the package are
 * loaded.
 *
 * @example
 * ```ts
 * if (isWireGuardError(error) && error.code === 'ENODEV') return undefined
 * ```
 */
export function isWireGuardError(error: unknown): error is WireGuardError {
  return (
    error instanceof WireGuardError ||
    (typeof error === 'object' &&
      error !== null &&
      'code' in error &&
      'name' in error &&
      (error.name === 'WireGuardError' || error.name === 'AbortError') &&
      'applied' in error)
  )
}

/** Returns an `EINVAL` error about one value. */
export function invalid(
  summary: string,
  init: Omit<WireGuardErrorInit, 'code'> = {},
): WireGuardError {
  return new WireGuardError(summary, { ...init, code: 'EINVAL' })
}

/**
 * Returns the POSIX name that an error of the system or of this library carries. It does not use
 * `instanceof`, because errors of Node's core may come from another realm.
 *
 * @param fallback returned for an error without a code
 */
export function errorCode(error: unknown, fallback = 'EIO'): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : fallback
}

/** Returns the kind of an interface, as the detail of an error. */
export function describeKind(kind: string | undefined): string {
  return kind === undefined
    ? 'an interface without a link kind'
    : `an interface of kind ${quote(kind)}`
}

/** The hints of faults that several files report. */
export const HINTS = {
  portInUse: 'Another socket has the port; choose another listenPort, or 0',
  socketPermission: 'Run as root, or as the user who runs the daemon',
  socketOfOtherNamespace: 'Choose another name; all network namespaces share the socket directory',
} as const

const CONTEXT = ['operation', 'device', 'peer', 'path', 'detail', 'hint', 'applied'] as const

function compose(summary: string, init: WireGuardErrorInit): string {
  const subject = [init.operation, init.device === undefined ? undefined : quote(init.device)]
    .filter((part) => part !== undefined)
    .join(' ')
  const parts = [subject, init.path, summary].filter((part) => part !== undefined && part !== '')
  let text = parts.join(': ')
  if (init.applied !== undefined) {
    text +=
      init.applied === 'unknown'
        ? '; an unknown part was applied'
        : `; ${init.applied} ${init.applied === 1 ? 'peer' : 'peers'} had already been applied`
  }
  if (init.detail !== undefined) text += ` (${init.detail})`
  if (init.hint !== undefined) text += `. ${init.hint}`
  return text
}
