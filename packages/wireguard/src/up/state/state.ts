import { WireGuardError } from 'wireguardcfg'
import { checkInterfaceName, mayHoldKey } from 'wireguardcfg/internal'
import type { LinkState, RouteInit, RuleInit } from 'wireguardnl'
import { isResolvConf, rememberedOptions, type RememberedOptions } from '../check-options.js'
import type { Family } from '../plan/prefixes.js'
import { MAIN } from '../plan/step.js'
import type { HookCommands } from '../settings.js'

/** Something that `up` makes and that does not end with the interface. */
export type Made =
  /** A route that is not on the interface of the tunnel. */
  | { readonly type: 'route'; readonly route: RouteInit }
  | { readonly type: 'rule'; readonly rule: RuleInit }
  /** The tables `wg-quick-NAME` of nf_tables. */
  | { readonly type: 'firewall' }
  /** Whether marks count for the check of source addresses: its value before all tunnels. */
  | { readonly type: 'valid-mark'; readonly before: '0' | '1' }
  /** The tables `wireguard-NAME` of nf_tables. */
  | { readonly type: 'masquerade' }
  /** A setting of the kernel: its value before all tunnels. */
  | { readonly type: 'sysctl'; readonly key: string; readonly before: string }
  /** Name servers that resolvconf(8) has by this key. */
  | { readonly type: 'resolvconf'; readonly key: string }
  /** An entry in the list of the tunnels that edit this file. */
  | { readonly type: 'dns'; readonly path: string }

/** The commands that `down` runs. `file`: they may hold keys, so they stay in the file alone. */
export type DownHooks = Pick<HookCommands, 'preDown' | 'postDown'> | 'file' | undefined

/** What `up` writes down before it acts, so that `down` undoes what it did. It has no keys. */
export interface TunnelState {
  readonly version: 1
  readonly name: string
  /** The boot of the machine. After another one, nothing of the kernel is left. */
  readonly boot: string
  /** The interface; undefined: it may not have been made. */
  readonly link: { readonly index: number; readonly kind: string } | undefined
  /** False: `up` has not finished, or a `down`. */
  readonly isComplete: boolean
  /** Whether commands of the file may have run. */
  readonly hooksBegan: boolean
  /** The file, if the tunnel came from one. */
  readonly file: string | undefined
  /** Whether `down` saves the interface in the file. */
  readonly save: boolean
  /** Whether the mark of the device was chosen by `up`, and is not in the file. */
  readonly hasOwnMark: boolean
  /** The mark that the device was given; 0: none. */
  readonly firewallMark?: number | undefined
  /** The families whose default route leads into the tunnel. */
  readonly full: readonly Family[]
  /** In the order in which it is made. */
  readonly made: readonly Made[]
  readonly hooks: DownHooks
  /** The endpoints of the file by public key, with their names. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined
  /** The options of `up`, as far as `reload` has to know them. */
  readonly options?: RememberedOptions | undefined
  /** Whether systemd-resolved has the name servers, which it forgets with the interface. */
  readonly tellsResolved?: boolean | undefined
}

/** Whether an interface is that of a state, and not a later one of its name. */
export function isLinkOf({ link: known }: TunnelState, link: LinkState | undefined): boolean {
  if (link === undefined || known === undefined) return false
  return link.index === known.index && (link.kind ?? '') === known.kind
}

/** Returns the commands for the state of a tunnel. */
export function downHooks({ preDown, postDown }: HookCommands, mayRun: boolean): DownHooks {
  const commands = [...preDown, ...postDown]
  if (!mayRun || commands.length === 0) return undefined
  return commands.some((command) => mayHoldKey(command)) ? 'file' : { preDown, postDown }
}

export function formatState(state: TunnelState): string {
  return `${JSON.stringify(state, null, 2)}\n`
}

/**
 * Reads a state, and checks all of it: what it says is undone as root.
 *
 * @throws WireGuardError `EPROTO`
 */
export function parseState(text: string, name: string): TunnelState {
  const given = new Given(readJSON(text))
  const version = given.get('version')
  if (typeof version === 'number' && version > 1) {
    throw damaged(`version ${version}`, 'It is of a later release; use that one')
  }
  given.check(version === 1 && given.get('name') === name, 'version and name')
  const state: TunnelState = {
    version: 1,
    name,
    boot: given.text('boot'),
    link: given.link(),
    isComplete: given.boolean('isComplete'),
    hooksBegan: given.boolean('hooksBegan'),
    file: given.get('file') === undefined ? undefined : given.text('file'),
    save: given.boolean('save'),
    hasOwnMark: given.boolean('hasOwnMark'),
    full: given.list('full').map((family) => readFamily(family)),
    made: given.list('made').map((one) => readMade(new Given(one), name)),
    hooks: readHooks(given.get('hooks')),
    ...(given.get('endpoints') === undefined ? {} : { endpoints: given.record('endpoints') }),
    ...(given.get('firewallMark') === undefined
      ? {}
      : { firewallMark: given.number('firewallMark') }),
    ...(given.get('options') === undefined ? {} : { options: readOptions(given.get('options')) }),
    ...(given.get('tellsResolved') === undefined
      ? {}
      : { tellsResolved: given.boolean('tellsResolved') }),
  }
  return state
}

function readJSON(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw damaged('no JSON')
  }
}

function readFamily(value: unknown): Family {
  if (value === 4 || value === 6) return value
  throw damaged('family')
}

function readHooks(value: unknown): DownHooks {
  if (value === undefined || value === 'file') return value
  const given = new Given(value)
  return { preDown: given.texts('preDown'), postDown: given.texts('postDown') }
}

function readOptions(value: unknown): RememberedOptions {
  if (typeof value !== 'object' || value === null) throw damaged('options')
  return rememberedOptions(value)
}

function readMade(given: Given, name: string): Made {
  const type = given.get('type')
  switch (type) {
    case 'route':
      return { type, route: readRoute(given.object('route')) }
    case 'rule':
      return { type, rule: readRule(given.object('rule')) }
    case 'firewall':
    case 'masquerade':
      return { type }
    case 'sysctl': {
      const [key, before] = [given.text('key'), given.text('before')]
      given.check(SYSCTLS.test(key) && /^[0-9]$/.test(before), 'key')
      return { type, key, before }
    }
    case 'valid-mark': {
      const before = given.get('before')
      if (before !== '0' && before !== '1') throw damaged('before')
      return { type, before }
    }
    case 'resolvconf': {
      const key = given.text('key')
      // Never an option of the program, and no other interface.
      const prefix = key.endsWith(name) ? key.slice(0, -name.length) : '-'
      given.check(/^(?:[A-Za-z0-9][A-Za-z0-9-]*\.)?$/.test(prefix), 'key')
      return { type, key }
    }
    case 'dns': {
      const path = given.text('path')
      given.check(isResolvConf(path), 'path')
      return { type, path }
    }
    default:
      throw damaged('type')
  }
}

/** The settings that `up` may change, besides that for marks. */
const SYSCTLS = /^net\.(?:ipv4\.ip_forward|ipv6\.conf\.(?:all\.forwarding|[^.]+\.accept_ra))$/

/** Only routes and rules that a tunnel can have made: never the kernel's own. */
function readRoute(given: Given): RouteInit {
  const type = given.get('type')
  given.check(type === 'unreachable' || type === 'unicast', 'route')
  const gateway = given.get('gateway') === undefined ? undefined : given.text('gateway')
  const device = given.get('device') === undefined ? undefined : given.text('device')
  if (device !== undefined) checkInterfaceName(device)
  return {
    destination: given.text('destination'),
    type: type === 'unicast' ? type : 'unreachable',
    gateway,
    device,
    table: given.number('table'),
    metric: given.get('metric') === undefined ? undefined : given.number('metric'),
    protocol: given.number('protocol'),
  }
}

function readRule(given: Given): RuleInit {
  const family = readFamily(given.get('family'))
  const common = {
    family,
    table: given.number('table'),
    priority: given.number('priority'),
    protocol: given.number('protocol'),
  }
  given.check(common.priority > 0 && common.priority < 32_766, 'priority')
  if (given.get('suppressPrefixLength') === 0) return { ...common, suppressPrefixLength: 0 }
  const firewallMark = given.number('firewallMark')
  if (given.get('invert') === true) return { ...common, invert: true, firewallMark }
  // It keeps the packets of a tunnel out of it while the mark changes.
  given.check(common.table === MAIN && firewallMark > 0, 'invert')
  return { ...common, firewallMark }
}

/** An object of a file that may have been damaged. */
class Given {
  readonly #object: object

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null) throw damaged('no object')
    this.#object = value
  }

  get(field: string): unknown {
    return Object.hasOwn(this.#object, field) ? Reflect.get(this.#object, field) : undefined
  }

  check(isRight: boolean, field: string): void {
    if (!isRight) throw damaged(field)
  }

  text(field: string): string {
    const value = this.get(field)
    if (typeof value === 'string') return value
    throw damaged(field)
  }

  number(field: string): number {
    const value = this.get(field)
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) {
      return value
    }
    throw damaged(field)
  }

  boolean(field: string): boolean {
    const value = this.get(field)
    if (typeof value === 'boolean') return value
    throw damaged(field)
  }

  list(field: string): unknown[] {
    const value = this.get(field)
    if (Array.isArray(value)) return value
    throw damaged(field)
  }

  texts(field: string): string[] {
    return this.list(field).map((value) => {
      if (typeof value === 'string') return value
      throw damaged(field)
    })
  }

  record(field: string): Record<string, string> {
    const value = this.get(field)
    if (typeof value !== 'object' || value === null) throw damaged(field)
    return Object.fromEntries(
      Object.entries(value).map(([key, text]) => {
        if (typeof text === 'string') return [key, text]
        throw damaged(field)
      }),
    )
  }

  object(field: string): Given {
    return new Given(this.get(field))
  }

  link(): TunnelState['link'] {
    if (this.get('link') === undefined) return undefined
    const link = this.object('link')
    return { index: link.number('index'), kind: link.text('kind') }
  }
}

function damaged(what: string, hint = 'Delete it, and undo by hand what is left'): WireGuardError {
  return new WireGuardError('the state of the tunnel is damaged', {
    code: 'EPROTO',
    detail: what,
    hint,
  })
}
