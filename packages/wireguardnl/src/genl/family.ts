import { constants } from 'node:os'
import { AttributeReader } from '../netlink/attribute-reader.js'
import { AttributeWriter } from '../netlink/attribute-writer.js'
import type { Connection } from '../netlink/connection.js'
import type { ExchangeOptions } from '../netlink/deadline.js'
import { messageError, NetlinkError } from '../netlink/errors.js'
import type { Message } from '../netlink/message.js'
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_CMD_GETFAMILY,
  CTRL_CMD_NEWFAMILY,
  GENL_HDRLEN,
  GENL_ID_CTRL,
} from './constants.js'
import { encodeGenlHeader, genlCommand } from './message.js'

const CTRL_VERSION = 1

/**
 * Resolves and keeps the ids of the generic netlink families of one kernel. An id is the same in
 * all network namespaces and stays valid until the module of the family is reloaded.
 *
 * @example
 * ```ts
 * const families = new Families()
 * const id = await families.resolve(connection, 'wireguard')
 * ```
 */
export class Families {
  readonly #ids = new Map<string, number>()

  /**
   * Returns the id of a family, which is the type of its messages.
   *
   * The request needs no privilege. The kernel loads the module of the family if there is one.
   *
   * @throws {NetlinkError} ENOENT when there is no such family
   */
  async resolve(
    connection: Connection,
    name: string,
    options: ExchangeOptions = {},
  ): Promise<number> {
    return this.#ids.get(name) ?? this.resolveAnew(connection, name, options)
  }

  /**
   * Returns the id as {@link Families.resolve} does, but always asks the kernel, because the module
   * may have been reloaded.
   */
  async resolveAnew(
    connection: Connection,
    name: string,
    options: ExchangeOptions = {},
  ): Promise<number> {
    this.#ids.delete(name)
    const id = await askForFamily(connection, name, options)
    this.#ids.set(name, id)
    return id
  }

  /**
   * Calls `use` with the id of a family. When it fails with ENOENT, the module was reloaded and
   * `use` has had no effect: calls it once more, with a new id.
   *
   * @example
   * ```ts
   * await families.use(connection, 'wireguard', (id) => connection.request(id, 0, payload))
   * ```
   */
  async use<T>(
    connection: Connection,
    name: string,
    use: (id: number) => Promise<T>,
    options: ExchangeOptions = {},
  ): Promise<T> {
    const known = this.#ids.get(name)
    try {
      return await use(known ?? (await this.resolveAnew(connection, name, options)))
    } catch (error) {
      if (!(error instanceof NetlinkError && error.code === 'ENOENT')) throw error
      this.#ids.delete(name)
      if (known === undefined) throw error
    }
    return use(await this.resolve(connection, name, options))
  }
}

async function askForFamily(
  connection: Connection,
  name: string,
  options: ExchangeOptions,
): Promise<number> {
  const operation = `find the netlink family "${name}"`
  const payload = new AttributeWriter(64)
    .raw(encodeGenlHeader(CTRL_CMD_GETFAMILY, CTRL_VERSION))
    .string(CTRL_ATTR_FAMILY_NAME, name)
    .bytes()
  let id: number | undefined
  const onMessage = (message: Message) => {
    if (message.type === GENL_ID_CTRL && genlCommand(message) === CTRL_CMD_NEWFAMILY) {
      id = readFamilyId(message) ?? id
    }
  }
  await connection.request(GENL_ID_CTRL, 0, payload, { ...options, operation, onMessage })
  if (id === undefined) throw messageError(constants.errno.ENOENT, operation)
  return id
}

function readFamilyId(message: Message): number | undefined {
  let id: number | undefined
  for (const attribute = AttributeReader.of(message, GENL_HDRLEN); attribute.next();) {
    if (attribute.type === CTRL_ATTR_FAMILY_ID) id = attribute.u16()
  }
  return id
}
