import { isIP } from 'node:net'
import { quote } from 'wireguardcfg/internal'
import { UsageError } from '../context.js'

/** Where metrics are served. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** The sockets that systemd has opened. */
  | { readonly kind: 'systemd' }

/** The port that other exporters of WireGuard use. */
const DEFAULT_PORT = 9586
const LOOPBACK = '127.0.0.1'

/**
 * Reads the value of `--listen`: `PORT`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, `unix:PATH` or
 * `systemd`.
 *
 * @param text empty: the default
 * @throws UsageError
 */
export function parseListenAddress(text: string): ListenAddress {
  if (text === '') return { kind: 'tcp', host: LOOPBACK, port: DEFAULT_PORT }
  if (text === 'systemd') return { kind: 'systemd' }
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) }
  const parts = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?([0-9]{1,5})$/.exec(text)
  const [, v6, other, digits] = parts ?? []
  const port = Number(digits)
  const given = v6 ?? other ?? LOOPBACK
  const host = given === 'localhost' ? LOOPBACK : given
  const isAddress = isIP(host) === (v6 === undefined ? 4 : 6)
  if (parts === null || port > 65_535 || !isAddress) {
    throw new UsageError(
      `--listen: expected PORT, ADDRESS:PORT, unix:/PATH or systemd, got ${quote(text)}`,
    )
  }
  return { kind: 'tcp', host, port }
}

/** Returns whether only programs of this machine can connect to an address. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address)
}

/** Returns an address and a port as they are in a URL. */
export function authority(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}
