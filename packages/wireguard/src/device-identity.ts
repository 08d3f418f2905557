import type { Device } from 'wireguardcfg'
import { socketPath } from 'wireguardcfg/internal/socket'
import { socketId } from './userspace/serving.js'

/** What distinguishes a device from a later one of the same name; undefined: nothing is known. */
export function identityOf(device: Device, socketDirectory: string): string | undefined {
  if (device.index !== undefined) return String(device.index)
  return device.backend === 'userspace'
    ? socketId(socketPath(device.name, socketDirectory))
    : undefined
}
