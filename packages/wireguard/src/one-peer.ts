import type {
  AllowedIP,
  CallOptions,
  Device,
  PeerConfig,
  NamedPeerConfig,
  Peer,
  PublicKey,
} from 'wireguardcfg'
import {
  atPath,
  CALL_OPTIONS,
  canonicalAllowedIP,
  checkOptions,
  elementsOf,
  findPeer,
  inContext,
  isWireGuardError,
  MOST_ALLOWED_IPS,
  type OptionTable,
  parsePublicKey,
  WireGuardError,
} from 'wireguardcfg/internal'
import type { ResolveConfigOptions } from './resolve/options.js'
import { resolveForCall } from './resolve/for-call.js'
import type { SyncTarget } from './sync/sync.js'

/** Options of `WireGuard.setPeer`. */
export interface SetPeerOptions extends CallOptions {
  /**
   * Whether the endpoint may have a host name, which is then resolved before anything is changed.
   * Default: false, a name is `EINVAL`.
   */
  readonly resolve?: boolean | ResolveConfigOptions | undefined
}

const SET_PEER_OPTIONS: OptionTable<SetPeerOptions> = {
  ...CALL_OPTIONS,
  resolve: 'checked later',
}

/** What `WireGuard.suspendPeer` took from a peer, to be stored and given to `resumePeer`. */
export interface SuspendedPeer {
  /** Which peer. */
  readonly publicKey: PublicKey
  /** The allowed IPs that it had; an empty list when it was suspended already. */
  readonly allowedIPs: readonly AllowedIP[]
}

/** Adds a peer or changes one. The rules are those of `WireGuard.setPeer`. */
export async function setPeer(
  target: SyncTarget,
  name: string,
  peer: NamedPeerConfig,
  given: SetPeerOptions,
): Promise<void> {
  const context = { operation: 'set peer', device: name }
  checkOptions(given, SET_PEER_OPTIONS, context)
  const { resolve, ...options } = given
  await aboutOnePeer(context.operation, async () => {
    const { config } = await resolveForCall({ peers: [peer] }, resolve, options, context)
    await target.configureDevice(name, config, options)
  })
}

/** Removes a peer. The rules are those of `WireGuard.removePeer`. */
export async function removePeer(
  target: SyncTarget,
  name: string,
  publicKey: PublicKey,
  options: CallOptions,
): Promise<void> {
  checkOptions(options, CALL_OPTIONS, { operation: 'remove peer', device: name })
  await writePeer(target, 'remove peer', name, { publicKey, remove: true }, options)
}

/** Takes the allowed IPs from a peer. The rules are those of `WireGuard.suspendPeer`. */
export async function suspendPeer(
  target: SyncTarget,
  name: string,
  publicKey: PublicKey,
  options: CallOptions,
): Promise<SuspendedPeer> {
  const context = { operation: 'suspend peer', device: name }
  checkOptions(options, CALL_OPTIONS, context)
  inContext(context, () => checkKey(publicKey))
  const { allowedIPs } = peerOf(await target.device(name, options), publicKey, context)
  if (allowedIPs.length > 0) {
    const change = { publicKey, updateOnly: true, replaceAllowedIPs: true, allowedIPs: [] }
    await writePeer(target, context.operation, name, change, options)
  }
  return { publicKey, allowedIPs }
}

/** Gives the allowed IPs back to a peer. The rules are those of `WireGuard.resumePeer`. */
export async function resumePeer(
  target: SyncTarget,
  name: string,
  suspended: SuspendedPeer,
  options: CallOptions,
): Promise<void> {
  const context = { operation: 'resume peer', device: name }
  checkOptions(options, CALL_OPTIONS, context)
  checkOptions(suspended ?? null, SUSPENDED_PEER, context)
  const { publicKey, allowedIPs } = inContext(context, () => checkSuspended(suspended))
  const device = await target.device(name, options)
  peerOf(device, publicKey, context)
  checkFree(device, new Set(allowedIPs), publicKey, context)
  const change = { publicKey, updateOnly: true, allowedIPs }
  await writePeer(target, context.operation, name, change, options)
}

interface CallContext {
  readonly operation: string
  readonly device: string
}

function checkKey(publicKey: PublicKey): PublicKey {
  return atPath('publicKey', () => parsePublicKey(publicKey))
}

/** @throws WireGuardError `EINVAL` with the path of what `suspendPeer` does not return */
function checkSuspended({ publicKey, allowedIPs }: SuspendedPeer): SuspendedPeer {
  const list = elementsOf(allowedIPs, MOST_ALLOWED_IPS, 'allowedIPs')
  return {
    publicKey: checkKey(publicKey),
    allowedIPs: Array.from(list, ([path, text]) => atPath(path, () => canonicalAllowedIP(text))),
  }
}

const SUSPENDED_PEER: OptionTable<SuspendedPeer> = {
  publicKey: 'checked later',
  allowedIPs: 'list',
}

/** @throws WireGuardError `ENOENT` when the device has no such peer */
function peerOf(device: Device, publicKey: PublicKey, context: CallContext): Peer {
  const peer = findPeer(device, publicKey)
  if (peer !== undefined) return peer
  throw new WireGuardError('no such peer', { ...context, code: 'ENOENT', peer: publicKey })
}

/** @throws WireGuardError `EEXIST` when another peer has one of the allowed IPs */
function checkFree(
  { peers }: Device,
  allowedIPs: ReadonlySet<AllowedIP>,
  publicKey: PublicKey,
  context: CallContext,
): void {
  for (const peer of peers) {
    if (peer.publicKey === publicKey) continue
    const taken = peer.allowedIPs.find((allowedIP) => allowedIPs.has(allowedIP))
    if (taken === undefined) continue
    throw new WireGuardError(`another peer has ${taken} now`, {
      ...context,
      code: 'EEXIST',
      peer: peer.publicKey,
      hint: 'Take it from that peer first, or give this one other allowed IPs with setPeer',
    })
  }
}

async function writePeer(
  target: SyncTarget,
  operation: string,
  name: string,
  peer: PeerConfig,
  options: CallOptions,
): Promise<void> {
  await aboutOnePeer(operation, () => target.configureDevice(name, { peers: [peer] }, options))
}

/** Runs a step. Its errors name a field as one of the peer: not `peers[0].endpoint`. */
async function aboutOnePeer(operation: string, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!isWireGuardError(error)) throw error
    const { code, device, peer, path, detail, hint, applied, cause } = error
    const own = path?.replace(/^peers\[0\]\.?/, '')
    throw new WireGuardError(error.summary, {
      code,
      operation,
      device,
      peer,
      path: own === '' ? undefined : own,
      detail,
      hint,
      applied,
      cause,
    })
  }
}
