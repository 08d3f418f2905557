// A whole kernel for a NetlinkClient: links, the generic netlink controller, and WireGuard devices.
import { GENL_ID_CTRL } from '../../packages/wireguardnl/src/genl/constants.js'
import { Families } from '../../packages/wireguardnl/src/genl/family.js'
import { encodeGenlHeader } from '../../packages/wireguardnl/src/genl/message.js'
import { AttributeReader } from '../../packages/wireguardnl/src/netlink/attribute-reader.js'
import { AttributeWriter } from '../../packages/wireguardnl/src/netlink/attribute-writer.js'
import {
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
} from '../../packages/wireguardnl/src/netlink/constants.js'
import { encodeMessage } from '../../packages/wireguardnl/src/netlink/message.js'
import {
  IFF_UP,
  IFINFOMSG_LENGTH,
  IFLA_IFNAME,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
  IFLA_MTU,
  RTM_GETLINK,
  RTM_NEWLINK,
} from '../../packages/wireguardnl/src/route/constants.js'
import {
  WG_CMD_GET_DEVICE,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
} from '../../packages/wireguardnl/src/wireguard/constants.js'
import { type Kernel, RemovalSupport } from '../../packages/wireguardnl/src/wireguard/kernel.js'
import { ack, done, errorAck, FakeKernel, type FakeRequest, reply } from './kernel.js'
import { changeLinks, type FakeLink } from './links.js'
import { FakeDevice, type FakeDeviceOptions } from './wireguard.js'

/** The errno of an interface that does not exist. */
export const ENODEV = 19
/** The errno of a caller without CAP_NET_ADMIN. */
export const EPERM = 1
const ENOENT = 2
const EOPNOTSUPP = 95

/** How a {@link FakeSystem} differs from a capable root on Linux 6.12. */
export interface SystemOptions extends FakeDeviceOptions {
  readonly release?: string
  /** False: the kernel has no WireGuard module. */
  readonly module?: boolean
  /** False: the caller has no CAP_NET_ADMIN. */
  readonly capable?: boolean
  /** The most bytes of one message of a dump; default 4000. */
  readonly dumpLimit?: number
  /** Returns what the kernel sends in place of the usual datagrams. */
  readonly answer?: (
    request: FakeRequest,
    usual: () => readonly Uint8Array[],
  ) => readonly Uint8Array[]
  /** What each SET waits for. */
  readonly beforeSend?: (datagram: Uint8Array) => Promise<void>
}

/** The kernel's side: `add` makes a device, `links` has the interfaces of other kinds. */
export class FakeSystem {
  readonly devices: FakeDevice[] = []
  /** Links of other kinds; of no kind when it is undefined. */
  readonly links: { name: string; kind: string | undefined }[] = [{ name: 'lo', kind: undefined }]
  /** Every socket that was opened, in order. */
  readonly sockets: FakeKernel[] = []
  readonly #states = new Map<string, FakeLink>()
  family = 0x23
  readonly #options: SystemOptions
  readonly #families = new Families()
  readonly #release: string
  readonly #removal: RemovalSupport

  constructor(options: SystemOptions = {}) {
    this.#options = options
    this.#release = options.release ?? '6.12.0-fake'
    this.#removal = new RemovalSupport(this.#release)
  }

  /** The kernel for a NetlinkClient. */
  get kernel(): Kernel {
    const names = () => this.names()
    return {
      families: this.#families,
      removal: this.#removal,
      cookie: () => undefined,
      release: this.#release,
      namespace: 'fake',
      zones: {
        index: (name) => names().indexOf(name) + 1,
        name: (index) => names()[index - 1],
      },
      open: (protocol) => {
        const handler = protocol === NETLINK_ROUTE ? this.#route : this.#generic
        const { answer = (_, usual) => usual(), beforeSend } = this.#options
        const socket = new FakeKernel((request) => answer(request, () => handler(request)), {
          portId: 0xfffff000 + this.sockets.length,
          ...(beforeSend === undefined ? {} : { beforeSend }),
        })
        this.sockets.push(socket)
        return socket
      },
    }
  }

  add(name: string): FakeDevice {
    const device = new FakeDevice(name, this.names().length + 1, this.#options)
    this.devices.push(device)
    return device
  }

  /** Removes a device. */
  remove(name: string): void {
    const at = this.devices.findIndex((device) => device.name === name)
    if (at >= 0) this.devices.splice(at, 1)
    this.#states.delete(name)
  }

  /** The state of a link. */
  link(name: string): FakeLink {
    const known = this.#states.get(name) ?? { up: false, mtu: 1420, addresses: [] }
    this.#states.set(name, known)
    return known
  }

  /** The requests to the WireGuard family, of all sockets. */
  requests(): FakeRequest[] {
    return this.sockets.flatMap(({ requests }) =>
      requests.filter(({ type }) => type === this.family),
    )
  }

  /** The names of all links, by their index, which counts from 1. */
  names(): string[] {
    return [...this.links.map(({ name }) => name), ...this.devices.map(({ name }) => name)]
  }

  readonly #generic = (request: FakeRequest): readonly Uint8Array[] => {
    const { module = true, capable = true, dumpLimit = 4000 } = this.#options
    if (request.type === GENL_ID_CTRL) {
      if (!module) return [errorAck(request, ENOENT)]
      const family = new AttributeWriter().raw(encodeGenlHeader(1, 2)).u16(1, this.family).bytes()
      return [reply(request, family), ack(request)]
    }
    if (!module || request.type !== this.family) return [errorAck(request, ENOENT)]
    if (!capable) return [errorAck(request, EPERM)]
    const device = this.#select(request.payload)
    if (typeof device === 'number') return [errorAck(request, device)]
    if (request.payload[0] === WG_CMD_GET_DEVICE) {
      return dump(request, device, dumpLimit)
    }
    const errno = device.set(request.payload)
    return (request.flags & NLM_F_ACK) === 0 && errno === 0 ? [] : [errorAck(request, errno)]
  }

  #select(payload: Uint8Array): FakeDevice | number {
    let name: string | undefined
    for (const attribute = new AttributeReader(payload, 4); attribute.next();) {
      if (attribute.type === WGDEVICE_A_IFNAME) name = attribute.string()
      if (attribute.type === WGDEVICE_A_IFINDEX) name = this.names()[attribute.u32() - 1] ?? ''
    }
    const device = this.devices.find((candidate) => candidate.name === name)
    return device ?? (this.links.some((link) => link.name === name) ? EOPNOTSUPP : ENODEV)
  }

  readonly #route = (request: FakeRequest): readonly Uint8Array[] => {
    if (request.type !== RTM_GETLINK) return changeLinks(this, request)
    const kinds = [...this.links, ...this.devices.map(({ name }) => ({ name, kind: 'wireguard' }))]
    const links = kinds.map(({ name, kind }, i) => {
      const header = new Uint8Array(IFINFOMSG_LENGTH)
      const { up, mtu } = this.link(name)
      const fields = new Uint32Array(header.buffer)
      fields[1] = i + 1
      fields[2] = up ? IFF_UP : 0
      const writer = new AttributeWriter().raw(header).string(IFLA_IFNAME, name).u32(IFLA_MTU, mtu)
      if (kind !== undefined) writer.nested(IFLA_LINKINFO, (w) => w.string(IFLA_INFO_KIND, kind))
      return { name, payload: writer.bytes() }
    })
    if ((request.flags & NLM_F_DUMP) === NLM_F_DUMP) {
      const messages = links.map(({ payload }) =>
        reply(request, payload, { type: RTM_NEWLINK, flags: 2 }),
      )
      return [...messages, done(request)]
    }
    let wanted: string | undefined
    for (const a = new AttributeReader(request.payload, IFINFOMSG_LENGTH); a.next();) {
      if (a.type === IFLA_IFNAME) wanted = a.string()
    }
    const index = new Int32Array(request.payload.slice(0, IFINFOMSG_LENGTH).buffer)[1]!
    const link = index > 0 ? links[index - 1] : links.find(({ name }) => name === wanted)
    if (link === undefined) return [errorAck(request, ENODEV)]
    return [reply(request, link.payload, { type: RTM_NEWLINK }), ack(request)]
  }
}

/** The datagrams of a dump, flagged as interrupted when `interrupted` names its messages. */
export function dump(
  request: FakeRequest,
  device: FakeDevice,
  limit: number,
  interrupted: (message: number) => boolean = () => false,
): Uint8Array[] {
  const { type, sequence, portId } = request
  const messages = [...device.dump(limit)].map((payload, i) => {
    const flags = interrupted(i) ? NLM_F_DUMP_INTR | 2 : 2
    return encodeMessage({ type, flags, sequence, portId }, payload)
  })
  return [...messages, done(request)]
}
