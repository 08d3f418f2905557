/**
 * The UDP ports that the servers of this process hold. None is bound, so the ports of other
 * programs are unknown.
 */
const held = new Set<number>()

// The default range of net.ipv4.ip_local_port_range.
const FIRST_EPHEMERAL = 32_768
const LAST_EPHEMERAL = 60_999

/** Reserves a port, for 0 any free one. Returns it, or 0 when the port is in use. */
export function claimPort(port: number): number {
  const claimed = port === 0 ? freePort() : port
  if (held.has(claimed)) return 0
  if (claimed !== 0) held.add(claimed)
  return claimed
}

/** Releases a port. Does nothing for 0. */
export function releasePort(port: number): void {
  held.delete(port)
}

function freePort(): number {
  const count = LAST_EPHEMERAL - FIRST_EPHEMERAL + 1
  const start = Math.floor(Math.random() * count)
  for (let i = 0; i < count; i++) {
    const port = FIRST_EPHEMERAL + ((start + i) % count)
    if (!held.has(port)) return port
  }
  return 0
}
