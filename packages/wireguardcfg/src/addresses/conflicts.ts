import { elementsOf, objectsOf } from '../backend/given-list.js'
import { type AllowedIP, canonicalAllowedIP } from '../model/allowed-ip.js'
import type { DeviceConfig, PeerConfig } from '../model/config.js'
import type { Device, Peer } from '../model/device.js'
import { checkEndpoint, type Endpoint, isHostName, parseEndpoint } from '../model/endpoint.js'
import { atPath, invalid } from '../model/errors.js'
import type { PublicKey } from '../model/key.js'
import { MOST_ALLOWED_IPS, MOST_PEERS } from '../model/limits.js'
import { checkOptions, type OptionTable } from '../model/options.js'
import { type Block, byPosition, type Network, networkText, readNetwork } from './block.js'

/** What all kinds of {@link AllowedIPConflict} have. */
export interface ConflictingAllowedIP {
  /** The allowed IP, in canonical text. */
  readonly allowedIP: AllowedIP
  /** The public key of the peer that claims the allowed IP. */
  readonly peer: PublicKey
  /** The public key of the peer that it concerns. */
  readonly other: PublicKey
}

/**
 * An allowed IP that may not do what its author expects.
 *
 * - `duplicate`: `other` claims the same allowed IP later in the list, and gets it.
 * - `moved`: the configuration takes the allowed IP from `other`, which has it on the device now.
 * - `overlap`: the allowed IP is inside `outer`, which `other` claims. Packets for it go to `peer`,
 *   because the longest prefix wins. `outer` is the smallest network of another peer around it.
 * - `endpoint`: the endpoint of `other` is inside the allowed IP. Where that is a route too, the
 *   encrypted packets go into the tunnel, unless a firewall mark keeps them out, as wg-quick(8)
 *   does it for `0.0.0.0/0`. The allowed IP is the smallest network around the endpoint.
 */
export type AllowedIPConflict = ConflictingAllowedIP &
  (
    | {
        /** What is wrong. */
        readonly kind: 'duplicate' | 'moved'
      }
    | {
        /** What is wrong. */
        readonly kind: 'overlap'
        /** The allowed IP of `other`. */
        readonly outer: AllowedIP
      }
    | {
        /** What is wrong. */
        readonly kind: 'endpoint'
        /** The endpoint of `other`. */
        readonly endpoint: Endpoint
      }
  )

/** Options of {@link findConflicts}. */
export interface ConflictOptions {
  /**
   * The device as it is now. Allowed IPs that the configuration takes from its peers are reported
   * too.
   */
  readonly device?: Device | undefined
}

const CONFLICT_OPTIONS: OptionTable<ConflictOptions> = { device: 'checked later' }

/**
 * Finds allowed IPs of the peers of a configuration, or of a device, that get in each other's way.
 * None of it is an error for WireGuard. Peers that the configuration removes are left out.
 *
 * @throws WireGuardError `EINVAL` with the path of an allowed IP or endpoint that is not valid
 * @example
 * ```js
 * const [laptop, office] = [newKey(), newKey()]
 * const peers = [
 *   { publicKey: laptop, allowedIPs: ['10.8.0.2/32'] },
 *   { publicKey: office, allowedIPs: ['10.8.0.0/16'] },
 * ]
 * const [conflict] = findConflicts({ peers })
 * // overlap: 10.8.0.2/32 of the laptop is inside 10.8.0.0/16 of the office
 * ```
 */
export function findConflicts(
  config: DeviceConfig | Device,
  options: ConflictOptions = {},
): AllowedIPConflict[] {
  checkOptions(options, CONFLICT_OPTIONS, { operation: 'find conflicts' })
  if (typeof config !== 'object' || config === null) throw invalid('expected a configuration')
  const { device } = options
  const claims: Claim[] = []
  const endpoints: PlacedEndpoint[] = []
  for (const [at, peer] of objectsOf<Peer | PeerConfig>(config.peers, MOST_PEERS, 'peers')) {
    if (isRemoved(peer)) continue
    for (const [path, text] of elementsOf(peer.allowedIPs, MOST_ALLOWED_IPS, `${at}.allowedIPs`)) {
      claims.push({ ...readNetwork(text, path), peer: peer.publicKey })
    }
    const endpoint = placeEndpoint(peer, `${at}.endpoint`)
    if (endpoint !== undefined) endpoints.push(endpoint)
  }
  const conflicts: AllowedIPConflict[] = []
  const owned = withoutDuplicates(claims.toSorted(byPosition), conflicts)
  findNested(owned, endpoints.toSorted(byPosition), conflicts)
  if (device !== undefined) findMoved(owned, config, device, conflicts)
  return conflicts
}

/** An allowed IP of a peer. */
interface Claim extends Network {
  readonly peer: PublicKey
}

/** An endpoint as a block of one address. */
interface PlacedEndpoint extends Block {
  readonly endpoint: Endpoint
  readonly peer: PublicKey
}

function isRemoved(peer: Peer | PeerConfig): boolean {
  return 'remove' in peer && peer.remove === true
}

/** Returns undefined without an endpoint, and for a host name. */
function placeEndpoint(
  { publicKey, endpoint: given }: Peer | PeerConfig,
  path: string,
): PlacedEndpoint | undefined {
  if (given === undefined || hasName(given)) return undefined
  const endpoint = atPath(path, () =>
    typeof given === 'string' ? parseEndpoint(given) : checkEndpoint(given),
  )
  const { bits, first, last } = readNetwork(endpoint.host.replace(/%.*$/s, ''), path)
  return { bits, first, last, endpoint, peer: publicKey }
}

function hasName(endpoint: Endpoint | string): boolean {
  const host: unknown =
    typeof endpoint === 'string' ? endpoint.replace(/:[0-9]*$/, '') : endpoint?.host
  return typeof host === 'string' && isHostName(host)
}

/** Returns the claims that hold: of equal allowed IPs, the last. Reports the others. */
function withoutDuplicates(
  claims: readonly Claim[],
  conflicts: AllowedIPConflict[],
): readonly Claim[] {
  const owned: Claim[] = []
  for (const claim of claims) {
    const before = owned.at(-1)
    if (before === undefined || byPosition(before, claim) !== 0) owned.push(claim)
    else {
      owned[owned.length - 1] = claim
      if (before.peer === claim.peer) continue
      const { peer: other } = claim
      conflicts.push({ kind: 'duplicate', allowedIP: networkText(claim), peer: before.peer, other })
    }
  }
  return owned
}

/** Reports what is inside the allowed IPs of other peers. All are sorted by position. */
function findNested(
  claims: readonly Claim[],
  endpoints: readonly PlacedEndpoint[],
  conflicts: AllowedIPConflict[],
): void {
  // Those that the current address is inside of, the smallest last.
  let around: Claim[] = []
  let i = 0
  const enter = (block: Block): void => {
    around = around.filter(({ bits, last }) => bits === block.bits && last >= block.first)
  }
  const reportEndpoints = (next: Claim | undefined): void => {
    for (; i < endpoints.length; i++) {
      const one = endpoints[i]!
      // A claim that begins at the same address is around it.
      if (next !== undefined && (one.bits > next.bits || isFrom(one, next))) return
      enter(one)
      const outer = around.at(-1)
      if (outer === undefined) continue
      const { endpoint, peer: other } = one
      const allowedIP = networkText(outer)
      conflicts.push({ kind: 'endpoint', allowedIP, peer: outer.peer, endpoint, other })
    }
  }
  for (const claim of claims) {
    reportEndpoints(claim)
    enter(claim)
    const outer = around.findLast(({ peer }) => peer !== claim.peer)
    if (outer !== undefined) {
      const { peer } = claim
      const allowedIP = networkText(claim)
      const overlap = { allowedIP, peer, outer: networkText(outer), other: outer.peer }
      conflicts.push({ kind: 'overlap', ...overlap })
    }
    around.push(claim)
  }
  reportEndpoints(undefined)
}

function isFrom(block: Block, start: Block): boolean {
  return block.bits === start.bits && block.first >= start.first
}

/** Reports what the configuration takes from peers of the device that do not give it up. */
function findMoved(
  claims: readonly Claim[],
  config: DeviceConfig | Device,
  device: Device,
  conflicts: AllowedIPConflict[],
): void {
  if ('replacePeers' in config && config.replacePeers === true) return
  const takers = new Map(claims.map((claim) => [networkText(claim), claim.peer]))
  const changes = new Map((config.peers ?? []).map((peer) => [peer.publicKey, peer]))
  for (const { publicKey, allowedIPs } of device.peers) {
    const change = changes.get(publicKey)
    for (const allowedIP of allowedIPs) {
      const peer = takers.get(allowedIP)
      if (peer === undefined || peer === publicKey || givesUp(change, allowedIP)) continue
      conflicts.push({ kind: 'moved', allowedIP, peer, other: publicKey })
    }
  }
}

/** Whether the configuration removes the allowed IP from the peer that has it, or may. */
function givesUp(change: Peer | PeerConfig | undefined, allowedIP: AllowedIP): boolean {
  if (change === undefined || 'lastHandshake' in change) return false
  const { remove, replaceAllowedIPs, removeAllowedIPs = [] } = change
  if (remove === true || replaceAllowedIPs === true) return true
  return removeAllowedIPs.some((text) => canonicalAllowedIP(text) === allowedIP)
}
