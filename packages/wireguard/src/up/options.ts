import { isAbsolute } from 'node:path'
import { type CallOptions, checkPortableInterfaceName } from 'wireguardcfg'
import {
  CALL_OPTIONS,
  checkNumber,
  checkOptions,
  inContext,
  invalid,
  type OptionTable,
} from 'wireguardcfg/internal'
import { resolveOptionsOf } from '../resolve/for-call.js'
import type { ResolveConfigOptions } from '../resolve/options.js'
import type { PlanStep } from './plan/step.js'

/** What to do with the commands of a file: `PreUp`, `PostUp`, `PreDown` and `PostDown`. */
export type Hooks = 'refuse' | 'skip' | 'run'

/** How the names of a tunnel are resolved. */
export interface TunnelResolveOptions extends Omit<ResolveConfigOptions, 'onFailure'> {
  /**
   * What to do when a name has no address. `'throw'` (default): the call fails, and nothing is
   * changed. `'keep'`: the peer has no endpoint. `'later'`: the same after two seconds at most, and
   * the name is looked up again, as `WireGuard.keepEndpoints`, until `down` or until the
   * `WireGuard` is closed. That is in vain where name servers are reached through the tunnel alone.
   */
  readonly onFailure?: 'throw' | 'keep' | 'later' | undefined
}

/** Options of `WireGuard.plan`. */
export interface PlanOptions extends CallOptions {
  /**
   * Where the routes to the allowed IPs go; default: `Table` of the file, else `'auto'`.
   *
   * - `'auto'`: into the main table; a default route into a table of its own, with rules.
   * - `'off'`: no routes.
   * - A number, or a name of `rt_tables`: all into that table, without rules.
   */
  readonly table?: 'auto' | 'off' | number | (string & {}) | undefined
  /** The metric of the routes to the allowed IPs; default: that of the kernel. */
  readonly metric?: number | undefined
  /** Default `'refuse'`: a file with commands is an error. They run as root. */
  readonly hooks?: Hooks | undefined
  /**
   * How the name servers of the file take effect until the tunnel goes down. `'resolved'`:
   * systemd-resolved is told, over D-Bus. `'resolvconf'`: by the program of openresolv or Debian.
   * `'file'`: `/etc/resolv.conf` is edited. `'auto'`, the default: by the one of the former two
   * that manages the file, else as `'file'`, which is an error where another program does.
   * `'off'`: not at all.
   */
  readonly dns?: 'auto' | 'resolved' | 'resolvconf' | 'file' | 'off' | undefined
  /**
   * The file that `dns` edits: `/etc/resolv.conf`, the default, or `/etc/netns/NAME/resolv.conf`.
   * In another network namespace it has to be named.
   */
  readonly resolvConf?: string | undefined
  /**
   * The firewall of a tunnel with a default route. `'auto'`, the default, does without it, with a
   * warning, where the kernel has no nf_tables and nothing depends on it. `'require'`: that is an
   * error. `'off'`: none.
   */
  readonly firewall?: 'auto' | 'require' | 'off' | undefined
  /**
   * What to do where IPv6 is disabled. `'auto'`, the default: leave the IPv6 addresses and routes
   * of the file out, with a warning. `'require'`: fail. `'skip'` leaves them out everywhere.
   */
  readonly ipv6?: 'auto' | 'require' | 'skip' | undefined
  /**
   * Whether traffic is refused, instead of leaving unencrypted, when the interface of a tunnel with
   * a default route is down, is deleted, or could not be finished. `down` ends it. Default: false.
   */
  readonly killSwitch?: boolean | undefined
  /**
   * Whether clients of the tunnel reach other networks: the kernel forwards their packets, and
   * gives them the address of this machine. `'eth0'`: through that interface alone. IPv6 addresses
   * outside fc00::/7 keep theirs, as they can be reached. `down` ends it. Default: false.
   */
  readonly masquerade?: boolean | (string & {}) | undefined
  /** In bytes; default: `MTU` of the file, else by the routes to the endpoints. */
  readonly mtu?: number | 'auto' | undefined
  /**
   * Whether host names of endpoints are resolved, and how; default true: all must have an address.
   */
  readonly resolve?: boolean | TunnelResolveOptions | undefined
  /**
   * The preference of the first of the two rules of a tunnel with a default route; default: the
   * pair below all pairs in 31800 to 32599, so that the newest tunnel comes first.
   */
  readonly rulePreference?: number | undefined
  /** The protocol number of the routes, 1 to 255 (rtnetlink(7)); default 51. */
  readonly routeProtocol?: number | undefined
  /** The protocol number of the rules, 1 to 255; default 51. */
  readonly ruleProtocol?: number | undefined
  /**
   * The folder for what is to be undone. It is made if it is missing, and must be of this user and
   * closed to others. Default `/run/wireguard-quick`.
   */
  readonly stateDirectory?: string | undefined
}

/** Options of `WireGuard.up`. */
export interface UpOptions extends PlanOptions {
  /** As `CreateOptions.backend`. */
  readonly backend?: 'auto' | 'kernel' | 'userspace' | undefined
  /**
   * What to do when the tunnel is up already, by an earlier call. `'error'`, the default: fail with
   * `EEXIST`. `'use'`: leave it as it is, and return it. `'replace'`: take it down first.
   */
  readonly ifExists?: 'error' | 'use' | 'replace' | undefined
  /** How long each command of the file may take, in milliseconds; default 60,000. 0: no limit. */
  readonly hookTimeout?: number | undefined
  /** Whether the commands of the file write to the output of this process; default: false. */
  readonly hookOutput?: boolean | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/**
 * Options of `WireGuard.reload`. What is absent is as the tunnel was brought up, or reloaded, last
 * time, but for `resolve`.
 */
export interface ReloadOptions extends Omit<PlanOptions, 'routeProtocol' | 'ruleProtocol'> {
  /**
   * Default: as the tunnel was brought up. No command runs during a reload. With `'run'`, `down`
   * runs `PreDown` and `PostDown` of the new file. `'skip'`: it runs none. `'refuse'`: a file with
   * commands is an error.
   */
  readonly hooks?: Hooks | undefined
  /** Whether nothing is changed, and `steps` are those that would be. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/** What `WireGuard.reload` did. */
export interface ReloadResult {
  /** What was changed, in order. The firewall is always set again, as it cannot be compared. */
  readonly steps: readonly PlanStep[]
  /** The address families whose internet traffic goes through the tunnel. */
  readonly families: readonly (4 | 6)[]
  /** What the caller may want to know, as sentences. */
  readonly warnings: readonly string[]
}

/** Options of `WireGuard.down`. */
export interface DownOptions extends CallOptions {
  /**
   * Whether the commands of the file run that `up` was allowed to run. Default `'run'`. `'skip'`:
   * they do not.
   */
  readonly hooks?: 'run' | 'skip' | undefined
  /** As {@link UpOptions.hookTimeout}. */
  readonly hookTimeout?: number | undefined
  /** As {@link UpOptions.hookOutput}. */
  readonly hookOutput?: boolean | undefined
  /**
   * Whether the interface is first saved in the file that `upFile` read. Default: as `SaveConfig`
   * of that file says.
   */
  readonly save?: boolean | undefined
  /**
   * The file of an interface that another program has brought up, such as wg-quick(8): its
   * `PreDown` and `PostDown` run, and its `SaveConfig` counts. Not read for a tunnel of `up`.
   */
  readonly file?: string | undefined
  /** As {@link PlanOptions.stateDirectory}. */
  readonly stateDirectory?: string | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/** What `WireGuard.down` did. */
export interface DownResult {
  /** False: there was nothing to take down. */
  readonly existed: boolean
  /** What the caller may want to know. */
  readonly warnings: readonly string[]
}

const PLAN_OPTIONS: OptionTable<PlanOptions> = {
  ...CALL_OPTIONS,
  table: 'checked later',
  metric: 'checked later',
  hooks: ['refuse', 'skip', 'run'],
  dns: ['auto', 'resolved', 'resolvconf', 'file', 'off'],
  resolvConf: 'text',
  firewall: ['auto', 'require', 'off'],
  ipv6: ['auto', 'require', 'skip'],
  killSwitch: 'boolean',
  masquerade: 'checked later',
  mtu: 'checked later',
  resolve: 'checked later',
  rulePreference: 'checked later',
  routeProtocol: 'checked later',
  ruleProtocol: 'checked later',
  stateDirectory: 'text',
}

const UP_OPTIONS: OptionTable<UpOptions> = {
  ...PLAN_OPTIONS,
  backend: ['auto', 'kernel', 'userspace'],
  ifExists: ['error', 'use', 'replace'],
  hookTimeout: 'checked later',
  hookOutput: 'boolean',
  onStep: 'function',
}

const { routeProtocol: _routes, ruleProtocol: _rules, ...RELOADABLE } = PLAN_OPTIONS
const RELOAD_OPTIONS: OptionTable<ReloadOptions> = {
  ...RELOADABLE,
  dryRun: 'boolean',
  onStep: 'function',
}

const DOWN_OPTIONS: OptionTable<DownOptions> = {
  ...CALL_OPTIONS,
  hooks: ['run', 'skip'],
  hookTimeout: 'checked later',
  hookOutput: 'boolean',
  save: 'boolean',
  file: 'text',
  stateDirectory: 'text',
  onStep: 'function',
}

/** The operations of this folder, as they appear in errors. */
export const PLAN = 'plan tunnel'
export const UP = 'bring up tunnel'
export const DOWN = 'take down tunnel'
export const RELOAD = 'reload tunnel'

export const DEFAULT_STATE_DIRECTORY = '/run/wireguard-quick'
export const RESOLV_CONF = '/etc/resolv.conf'
const OWN_PROTOCOL = 51
const HOOK_TIMEOUT = 60_000
const U32 = { max: 2 ** 32 - 1, expected: 'an integer of 32 bits' }
const PROTOCOL = { min: 1, max: 255, expected: 'a protocol, 1 to 255' }
// The kernel's own rules have 32766 and 32767. The pair is this one and the next.
const PREFERENCE = { min: 1, max: 32_764, expected: 'a preference, 1 to 32764' }
const TIME = { max: 2 ** 31 - 1, expected: 'milliseconds, at most 2147483647' }
const MTU = { min: 1, max: 2 ** 31 - 1, expected: "bytes, or 'auto'" }

/** Checked options that every call has, with their defaults. */
interface CheckedCommonOptions {
  readonly name: string
  readonly hookTimeout: number
  readonly hookOutput: boolean
  readonly stateDirectory: string
  readonly onStep: (step: PlanStep) => void
  readonly limits: CallOptions
}

/** How a tunnel resolves the names of its file. */
export interface CheckedResolveOptions {
  readonly options: ResolveConfigOptions
  /** Whether what has no address soon is left to `keepEndpoints`. */
  readonly isLater: boolean
}

/** The checked options of `plan` and `up`. */
export interface CheckedUpOptions extends CheckedCommonOptions {
  readonly table: string | undefined
  readonly metric: number | undefined
  readonly hooks: Hooks
  readonly dns: 'auto' | 'resolved' | 'resolvconf' | 'file' | 'off'
  readonly resolvConf: string | undefined
  readonly firewall: 'auto' | 'require' | 'off'
  readonly ipv6: 'auto' | 'require' | 'skip'
  readonly killSwitch: boolean
  readonly masquerade: boolean | string
  readonly mtu: number | 'auto' | undefined
  readonly resolve: false | CheckedResolveOptions
  readonly rulePreference: number | undefined
  readonly routeProtocol: number
  readonly ruleProtocol: number
  readonly backend: 'auto' | 'kernel' | 'userspace'
  readonly ifExists: 'error' | 'use' | 'replace'
  /** What the caller gave, for the state: `reload` takes it for what it is not given. */
  readonly remembered: RememberedOptions
}

/** The options of `up` that `reload` has to know. */
export type RememberedOptions = Pick<PlanOptions, (typeof REMEMBERED)[number]>

const REMEMBERED = [
  'table',
  'metric',
  'hooks',
  'dns',
  'resolvConf',
  'firewall',
  'ipv6',
  'killSwitch',
  'masquerade',
  'mtu',
  'rulePreference',
  'routeProtocol',
  'ruleProtocol',
] as const

/**
 * Reads options from the state of a tunnel, and checks them.
 *
 * @throws WireGuardError `EINVAL`
 */
export function rememberedOptions(given: object): RememberedOptions {
  const options = Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) => REMEMBERED.some((one) => one === name) && value !== undefined,
    ),
  )
  checkOptions(options, PLAN_OPTIONS)
  return options
}

/** Checks the options of `plan`. @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkPlanOptions(name: string, options: PlanOptions): CheckedUpOptions {
  const context = { operation: PLAN, device: name }
  checkOptions(options, PLAN_OPTIONS, context)
  return inContext(context, () => checked(name, options, context))
}

/** Checks the options of `up`. @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkUpOptions(name: string, options: UpOptions): CheckedUpOptions {
  const context = { operation: UP, device: name }
  checkOptions(options, UP_OPTIONS, context)
  return inContext(context, () => checked(name, options, context))
}

function checkedResolve(
  resolve: true | TunnelResolveOptions,
  context: { readonly operation: string; readonly device: string },
): CheckedResolveOptions {
  if (typeof resolve !== 'object' || resolve === null) {
    return { options: resolveOptionsOf(resolve, context), isLater: false }
  }
  const { onFailure: given, ...others } = resolve
  const isLater = given === 'later'
  const onFailure = given === 'later' ? 'keep' : given
  return { options: resolveOptionsOf({ ...others, onFailure }, context), isLater }
}

function checked(
  name: string,
  options: UpOptions,
  context: { readonly operation: string; readonly device: string },
): CheckedUpOptions {
  const common = checkedCommon(name, options)
  const { hooks = 'refuse', dns = 'auto', firewall = 'auto', ipv6 = 'auto' } = options
  const { metric, resolvConf, rulePreference, resolve = true, mtu } = options
  return {
    ...common,
    table: checkTable(options.table),
    metric: metric === undefined ? undefined : checkNumber('metric', metric, U32),
    hooks,
    dns,
    resolvConf: resolvConf === undefined ? undefined : checkResolvConf(resolvConf),
    firewall,
    ipv6,
    killSwitch: options.killSwitch ?? false,
    masquerade: checkMasquerade(options.masquerade),
    mtu: mtu === undefined || mtu === 'auto' ? mtu : checkNumber('mtu', mtu, MTU),
    resolve: resolve === false ? false : checkedResolve(resolve, context),
    rulePreference:
      rulePreference === undefined
        ? undefined
        : checkNumber('rulePreference', rulePreference, PREFERENCE),
    routeProtocol: checkNumber('routeProtocol', options.routeProtocol ?? OWN_PROTOCOL, PROTOCOL),
    ruleProtocol: checkNumber('ruleProtocol', options.ruleProtocol ?? OWN_PROTOCOL, PROTOCOL),
    backend: options.backend ?? 'auto',
    ifExists: options.ifExists ?? 'error',
    remembered: rememberedOptions(options),
  }
}

/** The checked options of `reload`, but for those that the state of the tunnel has. */
export interface CheckedReloadOptions {
  readonly name: string
  readonly stateDirectory: string
  readonly dryRun: boolean
  readonly limits: CallOptions
  /** Checks the rest, with what the state has. @throws WireGuardError `EINVAL` */
  readonly complete: (remembered: RememberedOptions) => CheckedUpOptions
}

/** Checks the options of `reload`. @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkReloadOptions(name: string, options: ReloadOptions): CheckedReloadOptions {
  const context = { operation: RELOAD, device: name }
  checkOptions(options, RELOAD_OPTIONS, context)
  const { dryRun = false, ...others } = options
  const given = Object.fromEntries(
    Object.entries(others).filter(([, value]) => value !== undefined),
  )
  const complete = (remembered: RememberedOptions) =>
    inContext(context, () => checked(name, { ...remembered, ...given }, context))
  const { stateDirectory, limits } = complete({})
  return { name, stateDirectory, dryRun, limits, complete }
}

function checkedCommon(name: string, options: UpOptions | DownOptions): CheckedCommonOptions {
  checkTunnelName(name)
  const { hookTimeout = HOOK_TIMEOUT, hookOutput = false, onStep = () => {} } = options
  const { signal, idleTimeout, timeout } = options
  return {
    name,
    hookTimeout: checkNumber('hookTimeout', hookTimeout, TIME),
    hookOutput,
    stateDirectory: checkStateDirectory(options.stateDirectory),
    onStep,
    limits: { signal, idleTimeout, timeout },
  }
}

/** The checked options of `down`. */
export interface CheckedDownOptions extends CheckedCommonOptions {
  readonly hooks: 'run' | 'skip'
  readonly save: boolean | undefined
  readonly file?: string | undefined
}

/** Checks the options of `down`. @throws WireGuardError `EINVAL` with the `path` of the option */
export function checkDownOptions(name: string, options: DownOptions): CheckedDownOptions {
  const context = { operation: DOWN, device: name }
  checkOptions(options, DOWN_OPTIONS, context)
  return inContext(context, () => {
    const { hooks = 'run', save, file } = options
    return { ...checkedCommon(name, options), hooks, save, file }
  })
}

function checkTunnelName(name: string): void {
  checkPortableInterfaceName(name)
  // Files in the folder of states are called after it.
  if (name.startsWith('-') || name.startsWith('.')) {
    throw invalid('the name of a tunnel begins with a letter, a digit or _ = +')
  }
}

function checkMasquerade(masquerade: unknown = false): boolean | string {
  if (typeof masquerade === 'boolean') return masquerade
  if (typeof masquerade !== 'string') {
    throw invalid('expected true, false, or the name of an interface', { path: 'masquerade' })
  }
  return inContext({ path: 'masquerade' }, () => checkPortableInterfaceName(masquerade))
}

function checkTable(table: unknown): string | undefined {
  if (table === undefined) return undefined
  if (typeof table === 'number') return `${checkNumber('table', table, { ...U32, min: 1 })}`
  if (typeof table === 'string' && /^[A-Za-z0-9_.-]+$/.test(table)) return table
  const expected = "expected 'auto', 'off', a number, or the name of a table"
  throw invalid(expected, { path: 'table' })
}

const RESOLV_CONFS = /^\/etc\/(?:netns\/(?!\.\.?\/)[^/\0]+\/)?resolv\.conf$/

function checkResolvConf(path: string): string {
  if (isResolvConf(path)) return path
  throw invalid(`expected ${RESOLV_CONF} or /etc/netns/NAME/resolv.conf`, { path: 'resolvConf' })
}

/** Whether `dns` may edit a file. */
export function isResolvConf(path: string): boolean {
  return RESOLV_CONFS.test(path)
}

function checkStateDirectory(path = DEFAULT_STATE_DIRECTORY): string {
  if (isAbsolute(path) && !path.includes('\0')) return path.replace(/(?<=.)\/+$/, '')
  throw invalid('expected an absolute path', { path: 'stateDirectory' })
}
