import type { Device, Peer } from 'wireguardcfg'
import type { DeviceEvent, PeerEvent, WatchedDeviceField } from './events.js'
import type { Counters } from './memory/device-memory.js'

const DEVICE_FIELDS: readonly WatchedDeviceField[] = ['publicKey', 'listenPort', 'firewallMark']

/** Returns the event of the fields of a device; undefined when none changed. */
export function deviceChange(before: Device, after: Device): DeviceEvent | undefined {
  const fields = DEVICE_FIELDS.filter((field) => before[field] !== after[field])
  if (fields.length === 0) return undefined
  return {
    type: 'device-changed',
    device: after.name,
    fields,
    before: pick(before, fields),
    after: pick(after, fields),
  }
}

/** Returns the event of the counters of a peer; undefined when they did not change. */
export function traffic(device: string, before: Counters, after: Peer): PeerEvent | undefined {
  const reset =
    after.receiveBytes < before.receiveBytes || after.transmitBytes < before.transmitBytes
  const receiveBytes = after.receiveBytes - (reset ? 0 : before.receiveBytes)
  const transmitBytes = after.transmitBytes - (reset ? 0 : before.transmitBytes)
  if (receiveBytes === 0 && transmitBytes === 0 && !reset) return undefined
  const { publicKey } = after
  return { type: 'traffic', device, publicKey, receiveBytes, transmitBytes, reset }
}

/** Returns the named fields. */
export function pick<Value, Name extends keyof Value>(
  value: Value,
  names: readonly Name[],
): Partial<Pick<Value, Name>> {
  const picked: Partial<Pick<Value, Name>> = {}
  for (const name of names) picked[name] = value[name]
  return picked
}
