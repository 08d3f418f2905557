import type { Backend } from 'wireguardcfg'
import type { DeviceReader } from 'wireguardnl'
import type { Backends } from '../backends.js'
import { identityOf } from '../device-identity.js'
import { deviceNames } from '../devices.js'
import type { WatchSource } from './run.js'

/** The devices of a `WireGuard`, to be watched. */
export function watchSource(backends: Backends): WatchSource {
  const readers = new Map<string, Map<Backend, DeviceReader>>()
  const readerOf = (backend: Backend, name: string): DeviceReader => {
    const known = readers.get(name) ?? new Map<Backend, DeviceReader>()
    readers.set(name, known)
    const reader = known.get(backend) ?? newReader(backend, name)
    known.set(backend, reader)
    return reader
  }
  const forget = (name: string): void => {
    for (const reader of readers.get(name)?.values() ?? []) reader.close()
    readers.delete(name)
  }
  return {
    deviceNames: (options, onError) => deviceNames(backends, options, onError),
    device: (name, options) =>
      backends.runOn(name, 'read device', (backend) => readerOf(backend, name).read(options)),
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

/** A backend that remembers nothing decodes everything again. */
function newReader(backend: Backend, name: string): DeviceReader {
  if (hasReader(backend)) return backend.reader(name)
  return { read: (options) => backend.device(name, options), close: () => {} }
}

function hasReader(
  backend: Backend,
): backend is Backend & { readonly reader: (name: string) => DeviceReader } {
  return 'reader' in backend && typeof backend.reader === 'function'
}
