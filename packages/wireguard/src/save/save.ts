import type { CallOptions, Device } from 'wireguardcfg'
import { Semaphore } from 'wireguardcfg/backend'
import { type Conf, formatConf, parseConf, saveConf } from 'wireguardcfg/conf'
import {
  CALL_OPTIONS,
  callDeadline,
  checkOptions,
  errorCode,
  invalid,
  isWireGuardError,
  type OptionTable,
  quote,
  WireGuardError,
} from 'wireguardcfg/internal'
import type { NetlinkLinks } from 'wireguardnl'
import { namesOf } from '../keep/names.js'
import { CallLookups, resolveOptionsOf } from '../resolve/for-call.js'
import { lookUpAll, type ResolveOptions } from '../resolve/lookup.js'
import { readWhole, replaceFile } from './replace-file.js'

/** Options of `WireGuard.save`. */
export interface SaveOptions extends CallOptions {
  /**
   * Whether host names of endpoints are looked up, and how; default true, with one attempt. A name
   * stays in the file if the peer has one of its addresses, or if it has none now. False: all stay.
   */
  readonly resolve?: boolean | ResolveOptions | undefined
  /** As `SaveConfOptions.endpoints`. */
  readonly endpoints?: 'device' | 'file' | undefined
}

const SAVE_OPTIONS: OptionTable<SaveOptions> = {
  ...CALL_OPTIONS,
  resolve: 'checked later',
  endpoints: ['device', 'file'],
}

/** What a device is read with. */
export interface SaveSource {
  device(name: string, options?: CallOptions): Promise<Device>
  /** Undefined where the system tells nothing about interfaces. */
  links(): Promise<NetlinkLinks> | undefined
  /** Whether `up` has chosen the mark of the device, so that it does not belong into a file. */
  hasOwnMark(name: string): Promise<boolean>
}

const OPERATION = 'save configuration file'
const LOOKUPS_AT_ONCE = 16

/** Saves a device in a file. The rules are those of `WireGuard.save`. */
export async function save(
  source: SaveSource,
  name: string,
  path: string,
  options: SaveOptions,
): Promise<boolean> {
  const context = { operation: OPERATION, device: name }
  checkOptions(options, SAVE_OPTIONS, context)
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw invalid('expected the path of a file', { ...context, path: 'path' })
  }
  const { resolve = true, endpoints, ...limits } = options
  const lookupOptions = { retries: 0, ...resolveOptionsOf(resolve, context) }
  using call = callDeadline(context, { ...limits, idleTimeout: 0 })
  const read = await source.device(name, limits)
  const hasOwnMark = read.firewallMark !== 0 && (await source.hasOwnMark(name))
  const device = hasOwnMark ? { ...read, firewallMark: 0 } : read
  const { addresses, mtu } = await interfaceOf(source, name, limits)
  const file = await inFile('read', path, context, () => call.race(readWhole(path)))
  const conf = parseConf(file.text ?? '[Interface]\n')
  using lookups = new CallLookups(lookupOptions, limits, context)
  const resolved =
    resolve === false ? undefined : await lookups.wait(addressesOf(conf, lookups.options))
  const isChanged = saveConf(conf, device, { addresses, mtu, resolved, endpoints })
  if (!isChanged && file.text !== undefined) return false
  // From here on it is not aborted: the file is either the one or the other.
  call.check()
  await inFile('write', path, context, () => replaceFile(file, formatConf(conf)))
  return true
}

/** Returns what the system tells of an interface. Of one in another namespace, it tells nothing. */
async function interfaceOf(
  source: SaveSource,
  name: string,
  limits: CallOptions,
): Promise<{ readonly addresses?: string[]; readonly mtu?: number }> {
  const links = await source.links()
  if (links === undefined) return {}
  try {
    const { mtu } = await links.link(name, limits)
    return { mtu, addresses: await links.addresses(name, limits) }
  } catch (error) {
    if (errorCode(error) === 'ENODEV') return {}
    throw error
  }
}

/** Looks the names of a file up. What has no address is not in the result. */
async function addressesOf(
  conf: Conf,
  options: ResolveOptions,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const turns = new Semaphore(LOOKUPS_AT_ONCE)
  const hosts = new Set(namesOf(conf).map(({ host }) => host))
  const found = new Map<string, readonly string[]>()
  await Promise.all(
    Array.from(hosts, async (host) => {
      using wait = callDeadline({ operation: OPERATION }, { idleTimeout: 0, timeout: 0 })
      try {
        found.set(host, await turns.run(wait, () => lookUpAll({ host, port: 0 }, options)))
      } catch (error) {
        if (!isWireGuardError(error) || error.code === 'ABORT_ERR') throw error
      }
    }),
  )
  return found
}

async function inFile<T>(
  verb: 'read' | 'write',
  path: string,
  context: { readonly operation: string; readonly device: string },
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (isWireGuardError(error)) throw error.with(context)
    const code = errorCode(error)
    throw new WireGuardError(`cannot ${verb} ${quote(path)}`, { ...context, code, cause: error })
  }
}
