import type { Backend } from 'wireguardcfg'
import type { DeviceReader, NetlinkClient } from 'wireguardnl'
import type { Backends } from '../backends.js'
import { identityOf } from '../device-identity.js'
import { deviceNames } from '../devices.js'
import type { WatchSource } from './run.js'

/** The devices of a `WireGuard`, to be watched. */
export function watchSource(backends: Backends): WatchSource {
  const readers = new Map<string, Map<Backend, Reader>>()
  const readerOf = (backend: Backend, name: string, mostPeers: number): DeviceReader => {
    const known = readers.get(name) ?? new Map<Backend, Reader>()
    readers.set(name, known)
    const before = known.get(backend)
    if (before?.mostPeers === mostPeers) return before.reader
    before?.reader.close()
    const reader = newReader(backend, name, mostPeers)
    known.set(backend, { reader, mostPeers })
    return reader
  }
  const forget = (name: string): void => {
    for (const { reader } of readers.get(name)?.values() ?? []) reader.close()
    readers.delete(name)
  }
  return {
    deviceNames: (options, onError) => deviceNames(backends, options, onError),
    device: (name, options, mostPeers) =>
      backends.runOn(name, 'read device', (backend) =>
        readerOf(backend, name, mostPeers).read(options),
      ),
    forget: (name) => {
      for (const each of name === undefined ? [...readers.keys()] : [name]) forget(each)
    },
    identityOf: (device) => identityOf(device, backends.socketDirectory),
    links: async (signal) => {
      if (backends.loadNetlink === undefined) return undefined
      return (await backends.network.links()).watch({ signal })
    },
  }
}

interface Reader {
  readonly reader: DeviceReader
  readonly mostPeers: number
}

/** A backend that remembers nothing decodes everything again. */
function newReader(backend: Backend, name: string, mostPeers: number): DeviceReader {
  if (hasReader(backend)) return backend.reader(name, { mostPeers })
  return { read: (options) => backend.device(name, options), close: () => {} }
}

function hasReader(backend: Backend): backend is Backend & Pick<NetlinkClient, 'reader'> {
  return 'reader' in backend && typeof backend.reader === 'function'
}
