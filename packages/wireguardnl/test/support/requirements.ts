import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { hasNamespaces, type Requirement } from '../../../../test-fixtures/require.js'

/** Netlink: it is Linux. */
export const isLinux: Requirement = () =>
  process.platform === 'linux'
    ? { ok: true }
    : { ok: false, reason: 'needs netlink: run it on Linux' }

/** A namespace in which links can be made: ip(8) and /dev/net/tun. */
export const canMakeLinks: Requirement = () => {
  const namespaces = hasNamespaces()
  if (!namespaces.ok) return namespaces
  if (!existsSync('/dev/net/tun')) {
    return { ok: false, reason: 'needs /dev/net/tun: load the tun module' }
  }
  return spawnSync('ip', ['-V'], { stdio: 'ignore' }).status === 0
    ? { ok: true }
    : { ok: false, reason: 'needs ip: apt-get install iproute2' }
}

/** nft(8), and a kernel with nf_tables. */
export const hasNft: Requirement = () =>
  spawnSync('unshare', ['-n', 'nft', 'list', 'ruleset'], { stdio: 'ignore' }).status === 0
    ? { ok: true }
    : { ok: false, reason: 'needs nft: apt-get install nftables' }
