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
import type {
  DownOptions,
  Hooks,
  PlanOptions,
  ReloadOptions,
  TunnelResolveOptions,
  UpOptions,
} from './options.js'

const PLAN_OPTIONS: OptionTable<PlanOptions> = {
  ...CALL_OPTIONS,
  table: 'checked later',
  metric: 'checked later',
  hooks: ['refuse', 'skip', 'run'],
  dns: ['auto', 'resolved', 'resolvconf', 'file', 'off'],
  dnsMode: ['exclusive', 'split'],
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
  readonly isSplitDNS: boolean
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
  'dnsMode',
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
    isSplitDNS: options.dnsMode === 'split',
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
