import type { ConfDNS } from 'wireguardcfg/conf'
import { isWireGuardError, WireGuardError } from 'wireguardcfg'
import type { Deadline } from 'wireguardcfg/backend'
import { invalid, parseIP, quote } from 'wireguardcfg/internal'
import type { MethodCall } from './dbus/message.js'
import { SYSTEM_BUS, SystemBus } from './dbus/system-bus.js'

const { existsSync, readlinkSync } = process.getBuiltinModule('node:fs')

/** See org.freedesktop.resolve1(5). */
const NAME = 'org.freedesktop.resolve1'
const MANAGER = {
  destination: NAME,
  path: '/org/freedesktop/resolve1',
  interface: `${NAME}.Manager`,
} as const

// From <sys/socket.h>.
const AF_INET = 2
const AF_INET6 = 10

/** The name servers of an interface. */
export interface LinkServers {
  readonly dns: ConfDNS
  /** Whether they are asked for names in the search domains alone. */
  readonly isSplit: boolean
}

/** Whether the system bus is there, over which systemd-resolved is told name servers. */
export function hasSystemBus(): boolean {
  return existsSync(SYSTEM_BUS)
}

/**
 * Tells systemd-resolved the name servers of an interface: for all names, before all others, or for
 * those in its domains. It forgets them with the interface.
 *
 * @param link the index of the interface
 * @throws WireGuardError `EOPNOTSUPP` it lives in another network namespace; `EREMOTEIO` it refuses
 */
export async function tellResolved(
  link: number,
  servers: LinkServers,
  call: Deadline,
): Promise<void> {
  using bus = await SystemBus.connect(call)
  await checkNamespace(bus)
  for (const one of linkCalls(link, servers)) await bus.call(one)
}

/** Returns the calls, in their order. */
export function linkCalls(link: number, { dns, isSplit }: LinkServers): MethodCall[] {
  const { servers, search } = dns
  return [
    {
      ...MANAGER,
      member: 'SetLinkDNS',
      signature: 'ia(iay)',
      write: (body) => {
        body.int32(link).array(8, () => {
          for (const server of servers) {
            const bytes = addressOf(server)
            body
              .align(8)
              .int32(bytes.byteLength === 4 ? AF_INET : AF_INET6)
              .byteArray(bytes)
          }
        })
      },
    },
    {
      ...MANAGER,
      member: 'SetLinkDomains',
      signature: 'ia(sb)',
      write: (body) => {
        body.int32(link).array(8, () => {
          for (const domain of search) body.align(8).string(domain).boolean(false)
          // All names, and not for completing them.
          if (!isSplit) body.align(8).string('.').boolean(true)
        })
      },
    },
    {
      ...MANAGER,
      member: 'SetLinkDefaultRoute',
      signature: 'ib',
      write: (body) => body.int32(link).boolean(!isSplit),
    },
  ]
}

/** Makes systemd-resolved forget the name servers of an interface. One that is gone has none. */
export async function revertResolved(link: number, call: Deadline): Promise<void> {
  using bus = await SystemBus.connect(call)
  await bus.call({
    ...MANAGER,
    member: 'RevertLink',
    signature: 'i',
    write: (body) => body.int32(link),
  })
}

/** Of an address with a zone, the address: the link says the rest. */
function addressOf(server: string): Uint8Array {
  const bytes = parseIP(server.split('%', 1)[0]!)
  if (bytes === undefined) throw invalid(`${quote(server)}: expected an IP address`)
  return bytes
}

/**
 * Checks that systemd-resolved can be told name servers.
 *
 * @throws WireGuardError `EOPNOTSUPP` it lives in another network namespace; `EREMOTEIO` it does
 * not run; other codes when the bus cannot be reached
 */
export async function checkResolved(call: Deadline): Promise<void> {
  using bus = await SystemBus.connect(call)
  await checkNamespace(bus)
}

/** It knows interfaces by their index, which another namespace has for another one. */
async function checkNamespace(bus: SystemBus): Promise<void> {
  const pid = await bus.processOf(NAME).catch((cause: unknown) => {
    if (!isWireGuardError(cause) || cause.code !== 'EREMOTEIO') throw cause
    throw new WireGuardError('systemd-resolved does not run', {
      code: 'EREMOTEIO',
      path: 'dns',
      hint: "Start it, or pass dns: 'file' or 'off'",
      cause,
    })
  })
  if (namespaceOf(`${pid}`) === namespaceOf('self')) return
  throw new WireGuardError('systemd-resolved lives in another network namespace', {
    code: 'EOPNOTSUPP',
    path: 'dns',
    hint: "Pass dns: 'off', or dns: 'file' to edit the file nevertheless",
  })
}

function namespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/net`)
  } catch {
    // A process of another machine, whose bus was mounted here.
    return undefined
  }
}
