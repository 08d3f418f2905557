import type { BackendKind, CallOptions } from 'wireguardcfg'
import type { NamespaceReference } from 'wireguardnl'

/**
 * An interface that `WireGuard.createDevice` made, or found. Use `await using` to have it deleted
 * at the end of its scope.
 */
export interface OwnedDevice extends AsyncDisposable {
  /** The name of the interface. */
  readonly name: string
  /** Who runs it. */
  readonly backend: BackendKind
  /**
   * Why it is a userspace device although `backend: 'auto'` was asked for; undefined: it is not, or
   * another was not asked for.
   */
  readonly fallback: string | undefined
  /**
   * The network namespace that it was created in or moved to, as it was given; undefined: that of
   * this process.
   */
  readonly netns: NamespaceReference | undefined
  /** False for one that was there before, by `ifExists: 'use'`: disposing of it leaves it alone. */
  readonly created: boolean
  /**
   * Deletes the interface, also after the `WireGuard` that made it was closed. One that is gone
   * already is fine, and another one that has its name since is left alone.
   *
   * @throws WireGuardError `EPERM`, `ETIMEDOUT`, `ABORT_ERR`
   */
  delete(options?: CallOptions): Promise<void>
}

/** What an {@link OwnedDevice} is made from. */
export type OwnedDeviceInit = Pick<
  OwnedDevice,
  'name' | 'backend' | 'fallback' | 'netns' | 'created' | 'delete'
>

/** The device with its disposal. */
export function ownedDevice({ delete: remove, ...facts }: OwnedDeviceInit): OwnedDevice {
  return Object.freeze({
    ...facts,
    delete: remove,
    [Symbol.asyncDispose]: () => (facts.created ? remove() : Promise.resolve()),
  })
}
