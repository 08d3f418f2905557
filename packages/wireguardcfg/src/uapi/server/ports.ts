/**
 * The UDP ports that the servers of this process hold. Nothing is bound: another program's ports
 * are not known.
 */
const held = new Set<number>()

// The range of net.ipv4.ip_local_port_range by default.
const FIRST_EPHEMERAL = 32_768
const LAST_EPHEMERAL = 60_999

/** Takes a port, any free one for 0. 0 when it is taken. */
export function claimPort(port: number): number {
  const claimed = port === 0 ? freePort() : port
  if (held.has(claimed)) return 0
  if (claimed !== 0) held.add(claimed)
  return claimed
}

/** Gives a port back. 0 is none. */
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
