import type { BackendKind, CallOptions } from 'wireguardcfg'
import { CALL_OPTIONS, checkOptions, tracedMethod } from 'wireguardcfg/internal'
import type { NamespaceReference } from 'wireguardnl'
import type { OwnedInterface } from './interface.js'

/**
 * An interface that `WireGuard.createDevice` created or found. `await using` deletes it at the end
 * of the scope if the call created it.
 */
export interface OwnedDevice extends AsyncDisposable {
  /** The name of the interface. */
  readonly name: string
  /** The backend of the interface. */
  readonly backend: BackendKind
  /**
   * The reason why `backend: 'auto'` chose a userspace implementation instead of the kernel;
   * undefined if it did not.
   */
  readonly fallback: string | undefined
  /** Its network namespace as the caller named it; undefined: the namespace of this process. */
  readonly netns: NamespaceReference | undefined
  /** False if it existed before (see `ifExists`). Disposal does not delete it then. */
  readonly created: boolean
  /**
   * Deletes the interface, also after its `WireGuard` was closed. Does nothing if the interface no
   * longer exists, and does not delete a later interface of the same name.
   *
   * @throws WireGuardError `EPERM`, `ETIMEDOUT`, `ABORT_ERR`
   */
  delete(options?: CallOptions): Promise<void>
}

/** Returns the result of `createDevice` for an interface. */
export function ownedDevice(owned: OwnedInterface): OwnedDevice {
  const { name, backend, fallback, created, network } = owned
  const remove = tracedMethod('OwnedDevice', 'delete', name, async (limits: CallOptions = {}) => {
    checkOptions(limits, CALL_OPTIONS, { operation: 'delete device', device: name })
    await owned.remove(limits)
  })
  return Object.freeze({
    name,
    backend,
    fallback,
    netns: network.reference,
    created,
    delete: remove,
    [Symbol.asyncDispose]: () => (created ? remove() : Promise.resolve()),
  })
}
