import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Requirement } from '../../../../test-fixtures/require.js'

const CACHE = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')

/** Where `.ci/provision` has unpacked a package for name servers. */
export function unpacked(name: string): string {
  return join(CACHE, 'wireguard-resolvers', name)
}

/** Packages for name servers, unpacked: installed, they would manage the file of this machine. */
export function hasUnpacked(...names: readonly string[]): Requirement {
  return () =>
    names.every((name) => existsSync(unpacked(name)))
      ? { ok: true }
      : { ok: false, reason: `needs ${names.join(' and ')}, unpacked: .ci/provision` }
}

/** Commands that give a machine a /run of its own, and lay the /etc of a package over its own. */
export function withPackage(name: string): string[] {
  return [
    'mount -t tmpfs tmpfs /run',
    'mkdir /run/over /run/work',
    `mount -t overlay overlay -o lowerdir=${unpacked(name)}/etc:/etc,upperdir=/run/over,workdir=/run/work /etc`,
  ]
}

/**
 * The function `asks` of sh, which looks a name up and prints where the first server is that was
 * asked: `beside` the tunnel, or `inside` it. Nobody answers.
 */
export const ASKS = `
asks() {
  nft delete table inet asks 2> /dev/null || true
  printf 'table inet asks {\\n chain out {\\n type filter hook output priority -300;
    oifname "eth0" udp dport 53 counter comment "beside"
    oifname "%s" udp dport 53 counter comment "inside"\\n}\\n}\\n' "$NAME" | nft -f -
  RES_OPTIONS='timeout:9 attempts:1' timeout 1 getent ahostsv4 host.example > /dev/null || true
  nft list table inet asks | sed -n 's/.*packets [1-9].*comment "\\(.*\\)"/\\1/p'
}
`
