import type { Backends } from '../backends.js'
import { identityOf } from '../device-identity.js'
import { deviceNames, readDevice } from '../devices.js'
import type { WatchSource } from './run.js'

/** The devices of a `WireGuard`, to be watched. */
export function watchSource(backends: Backends): WatchSource {
  return {
    deviceNames: (options, onError) => deviceNames(backends, options, onError),
    device: (name, options) => readDevice(backends, name, options),
    identityOf: (device) => identityOf(device, backends.socketDirectory),
    links: async (signal) => {
      if (backends.loadNetlink === undefined) return undefined
      return (await backends.network.links()).watch({ signal })
    },
  }
}
