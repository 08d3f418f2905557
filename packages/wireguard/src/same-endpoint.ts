import type { Endpoint } from 'wireguardcfg'

/** Returns whether two endpoints are the same; two that are absent are. */
export function isSameEndpoint(one: Endpoint | undefined, other: Endpoint | undefined): boolean {
  return one?.host === other?.host && one?.port === other?.port
}
