import type { PublicKey } from 'wireguardcfg'
import type { CommandContext } from '../context.js'
import { readNames } from '../peer-names.js'

/** The names of peers, from files that the user has named and from those of the interfaces. */
export class PeerNames {
  readonly #context: CommandContext
  readonly #given: ReadonlyMap<PublicKey, string>
  readonly #found = new Map<PublicKey, string>()

  /** @param given names that count before those of the files of interfaces */
  constructor(given: ReadonlyMap<PublicKey, string>, context: CommandContext) {
    this.#given = given
    this.#context = context
  }

  /** Adds the names of the file of an interface. Without one that can be read, there are none. */
  async addDevice(device: string): Promise<void> {
    try {
      // The name of an interface has no slash, and is not `..`.
      const names = await readNames([`/etc/wireguard/${device}.conf`], this.#context)
      for (const [publicKey, name] of names) this.#found.set(publicKey, name)
    } catch {
      // Most interfaces have no file, and other users cannot read it.
    }
  }

  /** The name of a peer; undefined: it has none. */
  get(publicKey: PublicKey): string | undefined {
    return this.#given.get(publicKey) ?? this.#found.get(publicKey)
  }
}
