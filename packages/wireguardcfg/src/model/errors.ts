import { hideKeys, mayHoldKey, quote } from './quote.js'

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
 * | `ETIMEDOUT` | no progress for `idleTimeout` milliseconds, or not finished after `timeout` |
 * | `EPROTO` | malformed or unexpected reply |
 * | `ABORT_ERR` | the caller's signal was aborted; `name` is `AbortError` |
 *
 * Any other POSIX name may appear, as the system reports it, and `UNKNOWN` for an error number of
 * the kernel that has no name.
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
  /** As {@link WireGuardError.applied}. */
  readonly applied?: number | 'unknown' | readonly string[] | undefined
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
   * How many peers of a write had been applied when it failed, or the names of the options of
   * `createDevice` that had changed an existing interface; `undefined` for other operations.
   */
  readonly applied: number | 'unknown' | readonly string[] | undefined
  readonly #summary: string

  /**
   * @param summary the fault, in lower case and without a full stop; operation, device, path,
   * detail and hint are added to the message
   */
  constructor(summary: string, init: WireGuardErrorInit) {
    const shown = withoutKeys({ ...init, summary })
    super(compose(shown), shown.cause === undefined ? undefined : { cause: shown.cause })
    this.name = init.code === 'ABORT_ERR' ? 'AbortError' : 'WireGuardError'
    this.code = init.code
    this.operation = shown.operation
    this.device = shown.device
    this.peer = init.peer
    this.path = shown.path
    this.detail = shown.detail
    this.hint = shown.hint
    this.applied = init.applied
    this.#summary = shown.summary
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

/** Runs a step, and adds the path to its error unless that has one. */
export function atPath<T>(path: string, step: () => T): T {
  return inContext({ path }, step)
}

/** Runs a step, and adds to its error what it does not have of a context. */
export function inContext<T>(
  context: Omit<WireGuardErrorInit, 'code' | 'cause'>,
  step: () => T,
): T {
  try {
    return step()
  } catch (error) {
    throw isWireGuardError(error) ? error.with(context) : error
  }
}

/**
 * Returns the POSIX name that an error of the system or of this library carries. It does not use
 * `instanceof`, because errors of Node's core may come from another realm.
 *
 * @param fallback returned for an error without a code, or with one that is not such a name: errors
 * of a caller's own functions may carry any text
 */
export function errorCode(error: unknown, fallback = 'EIO'): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (typeof code !== 'string' || !CODE.test(code)) return fallback
  // Node's own check of an argument: a path with a NUL.
  return code.startsWith('ERR_INVALID_ARG') ? 'EINVAL' : code
}

// Shorter than a key in capital hexadecimal digits.
const CODE = /^[A-Z][A-Z0-9_]{0,39}$/

/** Returns the kind of an interface, as the detail of an error. */
export function describeKind(kind: string | undefined): string {
  return kind === undefined
    ? 'an interface without a link kind'
    : `an interface of kind ${quote(kind)}`
}

/** The hints of faults that several files report. */
export const HINTS = {
  portInUse: 'Another socket has the port; choose another listenPort, or 0',
  exhausted: 'Raise the limit of open files (ulimit -n), or find what keeps files open',
  socketPermission: 'Run as root, or as the user who runs the daemon',
  socketOfOtherNamespace: 'Choose another name; all network namespaces share the socket directory',
} as const

const CONTEXT = ['operation', 'device', 'peer', 'path', 'detail', 'hint', 'applied'] as const

interface Parts extends WireGuardErrorInit {
  readonly summary: string
}

function compose({ summary, operation, device, path, applied, detail, hint }: Parts): string {
  const subject = [operation, device === undefined ? undefined : quote(device)]
    .filter((part) => part !== undefined)
    .join(' ')
  const parts = [subject, path, summary].filter((part) => part !== undefined && part !== '')
  let text = parts.join(': ')
  if (applied !== undefined) {
    text += `; ${describeApplied(applied)}`
  }
  if (detail !== undefined) text += ` (${detail})`
  if (hint !== undefined) text += `. ${hint}`
  return text
}

function describeApplied(applied: NonNullable<WireGuardErrorInit['applied']>): string {
  if (applied === 'unknown') return 'an unknown part was applied'
  const what =
    typeof applied === 'number'
      ? `${applied} ${applied === 1 ? 'peer' : 'peers'}`
      : applied.join(', ')
  return `${what} had already been applied`
}

/** The parts with `(hidden)` in the place of keys: any of them may repeat a text of the user. */
function withoutKeys(parts: Parts): Parts {
  return {
    ...parts,
    summary: hideKeys(parts.summary),
    operation: textWithoutKeys(parts.operation),
    device: textWithoutKeys(parts.device),
    path: textWithoutKeys(parts.path),
    detail: textWithoutKeys(parts.detail),
    hint: textWithoutKeys(parts.hint),
    // The reason of an abort belongs to the caller.
    cause: parts.code === 'ABORT_ERR' ? parts.cause : causeWithoutKeys(parts.cause),
  }
}

/** A caller may have passed something other than text. */
function textWithoutKeys<T>(text: T): T | string {
  return typeof text === 'string' ? hideKeys(text) : text
}

// A cause may be its own cause.
const MOST_CAUSES = 10

/**
 * Returns the cause if it holds no key, else an error with what can be shown of it. Errors of the
 * system repeat paths, and errors of lookups repeat host names.
 */
function causeWithoutKeys(cause: unknown, depth = 0): unknown {
  if (typeof cause !== 'object' || cause === null) return textWithoutKeys(cause)
  if (cause instanceof WireGuardError) return cause
  if (depth === MOST_CAUSES) return undefined
  const fields: CauseFields = cause
  const { message, cause: inner, name, code, errno, syscall } = fields
  const shownInner = causeWithoutKeys(inner, depth + 1)
  const texts = [message, ...Object.values(cause).flat()]
  const isShown = texts.every((text) => typeof text !== 'string' || !mayHoldKey(text))
  if (isShown && shownInner === inner) return cause
  const shown = new Error(String(textWithoutKeys(message)), { cause: shownInner })
  return Object.assign(shown, {
    name: textWithoutKeys(name),
    code: textWithoutKeys(code),
    errno,
    syscall: textWithoutKeys(syscall),
    stack: textWithoutKeys(fields.stack),
  })
}

/** The properties of an error of Node. */
interface CauseFields {
  readonly message?: unknown
  readonly cause?: unknown
  readonly name?: unknown
  readonly code?: unknown
  readonly errno?: unknown
  readonly syscall?: unknown
  readonly stack?: unknown
}
