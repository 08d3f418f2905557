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
