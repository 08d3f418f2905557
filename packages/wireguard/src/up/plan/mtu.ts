/** What the largest header of a packet in the tunnel needs: IPv6, UDP and WireGuard, in bytes. */
const OVERHEAD = 80
const WITHOUT_ROUTES = 1500
/** Below this, the kernel has no IPv6 on an interface (RFC 8200). */
const LEAST_FOR_IPV6 = 1280
const MOST = 65_535 - OVERHEAD

/**
 * Returns the MTU of a tunnel, in bytes.
 *
 * @param paths the MTUs of the routes to the endpoints; without any, that of the default route
 * @param hasIPv6 whether IPv6 packets go through the tunnel
 */
export function tunnelMtu(paths: readonly number[], hasIPv6: boolean): number {
  const smallest = paths.length === 0 ? WITHOUT_ROUTES : Math.min(...paths)
  return Math.max(hasIPv6 ? LEAST_FOR_IPV6 : 1, Math.min(smallest - OVERHEAD, MOST))
}
