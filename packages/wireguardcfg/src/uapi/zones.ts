import type { CheckedDeviceConfig } from '../model/config.js'
import { invalid } from '../model/errors.js'
import { quote } from '../model/quote.js'

/**
 * Returns whether a network namespace has an interface of this name; `undefined` when that cannot
 * be known.
 */
export type HasInterface = (name: string) => Promise<boolean | undefined>

/**
 * Checks that every zone of an endpoint names an interface, before anything is sent. A daemon finds
 * out only when it reads the line, with the lines before it applied. The check is left out when the
 * namespace does not have the interface of the daemon either: the daemon runs in another one.
 *
 * @throws WireGuardError `EINVAL` with the `path` of the endpoint
 */
export async function checkZones(
  { peers = [] }: CheckedDeviceConfig,
  device: string,
  has: HasInterface,
): Promise<void> {
  // Each zone is looked up once: its peers may be thousands.
  const zones = new Map<string, number>()
  for (let i = 0; i < peers.length; i++) {
    const { endpoint, remove } = peers[i]!
    const percent = remove === true ? -1 : (endpoint?.host.indexOf('%') ?? -1)
    if (percent < 0) continue
    const zone = endpoint!.host.slice(percent + 1)
    if (!zones.has(zone) && !isIndex(zone)) zones.set(zone, i)
  }
  if (zones.size === 0 || (await has(device)) !== true) return
  for (const [zone, i] of zones) {
    if ((await has(zone)) !== false) continue
    throw invalid(`endpoint zone ${quote(zone)}: no interface of this name`, {
      path: `peers[${i}].endpoint`,
    })
  }
}

/** The index of an interface needs no interface: daemons and kernels take any. */
function isIndex(zone: string): boolean {
  return /^[0-9]{1,10}$/.test(zone) && Number(zone) > 0 && Number(zone) <= 0xffff_ffff
}

/**
 * Looks for an interface in the namespace of this process. `undefined` on systems without
 * /proc/net/dev. `networkInterfaces` of node:os lists only what is up and has an address.
 */
export async function hasInterface(name: string): Promise<boolean | undefined> {
  try {
    const { readFile } = process.getBuiltinModule('node:fs/promises')
    const list = await readFile('/proc/net/dev', 'utf8')
    // Not trim(), which also strips characters that a name may begin with.
    return list.split('\n').some((line) => /^ *(.*?):/.exec(line)?.[1] === name)
  } catch {
    return undefined
  }
}
