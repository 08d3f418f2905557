import type { Device } from 'wireguardcfg'
import type { CheckedDeviceConfig } from 'wireguardcfg/backend'

/** The fields of the device itself that the configuration has and the device has otherwise. */
export function syncDeviceFields(
  device: Device,
  { privateKey, listenPort, firewallMark }: CheckedDeviceConfig,
): CheckedDeviceConfig {
  return {
    ...(privateKey === undefined || isKey(device, privateKey) ? {} : { privateKey }),
    ...(listenPort === undefined || isPort(device, listenPort) ? {} : { listenPort }),
    ...(firewallMark === undefined || firewallMark === device.firewallMark ? {} : { firewallMark }),
  }
}

/** A backend may tell no private key (boringtun), but the public one; every one of them clamps what it is given. */
function isKey(
  device: Device,
  key: NonNullable<CheckedDeviceConfig['privateKey']> | null,
): boolean {
  if (key === null) return device.publicKey === undefined && device.privateKey === undefined
  if (device.privateKey === undefined) return device.publicKey === key.publicKey()
  return device.privateKey.clamped().equals(key.clamped())
}

/** Any port will do for 0, once there is one; setting 0 again would pick another. */
function isPort(device: Device, port: number): boolean {
  return port === 0 || port === device.listenPort
}
