/**
 * The requirements of a suite on the machine. A suite whose requirement is not met is skipped, with
 * one sentence that says how to meet it. With WIREGUARD_TEST_REQUIRE=all it fails with that
 * sentence.
 */
// This file wraps `describe`, so the rules about literal titles and bodies do not fit it.
// oxlint-disable jest/valid-title, jest/valid-describe-callback
// oxlint-disable jest/no-disabled-tests, jest/expect-expect
import { describe, it } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Whether a need is met; if not, one sentence that says how to meet it. */
export type Check = { readonly ok: true } | { readonly ok: false; readonly reason: string }

/** A need of a suite; asked at most once per test file. */
export type Requirement = () => Check

/**
 * `describe` for a suite that needs something of the machine: one requirement, or several that all
 * must be met.
 */
export function describeWith(
  requirements: Requirement | readonly Requirement[],
  title: string,
  body: () => void,
): void {
  const reason = firstMissing(typeof requirements === 'function' ? [requirements] : requirements)
  if (reason === undefined) {
    describe(title, body)
  } else if (process.env['WIREGUARD_TEST_REQUIRE'] === 'all') {
    describe(title, () => {
      it('has what it needs', () => {
        throw new Error(reason)
      })
    })
  } else {
    // .scripts/reporter.mjs reads the sentence back out of this title.
    describe.skip(`${title} (skipped: ${reason})`, body)
  }
}

/** Root on Linux, with unshare(1) and nsenter(1): a network namespace can be made and entered. */
export const hasNamespaces: Requirement = once(() =>
  process.platform === 'linux' && succeeds('unshare', '-n', 'nsenter', '--version')
    ? { ok: true }
    : missing('needs network namespaces: run as root on Linux, with util-linux installed'),
)

/** A real wireguard-go, and a network namespace and /dev/net/tun to run it in. */
export const hasWireGuardGo: Requirement = once(() => {
  if (!hasNamespaces().ok) return hasNamespaces()
  if (!existsSync('/dev/net/tun')) return missing('needs /dev/net/tun: load the tun module')
  if (succeeds('wireguard-go', '--version')) return { ok: true }
  return missing('needs wireguard-go: apt-get install wireguard-go')
})

/** A real etcd(1). */
export const hasEtcd: Requirement = once(() =>
  succeeds('etcd', '--version') ? { ok: true } : missing('needs etcd: apt-get install etcd-server'),
)

/** promtool(1), and the real Prometheus, which come together. */
export const hasPrometheus: Requirement = once(() =>
  succeeds('promtool', '--version') && succeeds('prometheus', '--version')
    ? { ok: true }
    : missing('needs prometheus: apt-get install prometheus'),
)

/** The parser of Prometheus for Python. */
export const hasMetricsParser: Requirement = once(() =>
  succeeds('/usr/bin/python3', '-c', 'import prometheus_client')
    ? { ok: true }
    : missing('needs python3-prometheus-client: apt-get install python3-prometheus-client'),
)

/** tmux(1): a real terminal, of which a test sees the screen. */
export const hasTmux: Requirement = once(() =>
  succeeds('tmux', '-V') ? { ok: true } : missing('needs tmux: apt-get install tmux'),
)

/** The real wg(8), to compare with. */
export const hasWg: Requirement = once(() =>
  succeeds('wg', '--version') ? { ok: true } : missing('needs wg: apt-get install wireguard-tools'),
)

/** perl(1), for sockets of the kinds that Node cannot make; an essential package of Debian. */
export const hasPerl: Requirement = once(() =>
  succeeds('perl', '-v') ? { ok: true } : missing('needs perl: apt-get install perl'),
)

/** strace(1), to count system calls with. */
export const hasStrace: Requirement = once(() =>
  succeeds('strace', '-V') ? { ok: true } : missing('needs strace: apt-get install strace'),
)

/**
 * WireGuard in the running kernel, and root, ip(8) and a network namespace to use it. `npm test`
 * runs the suites in test/kernel where this holds: in a namespace of the running kernel if it can,
 * and in virtual machines.
 */
export const hasKernelWireGuard: Requirement = once(() =>
  succeeds('unshare', '-n', 'ip', 'link', 'add', 'wg0', 'type', 'wireguard')
    ? { ok: true }
    : missing(
        'needs a kernel with WireGuard: run .ci/provision as root on Debian 12, and npm test boots two in qemu',
      ),
)

function missing(reason: string): Check {
  return { ok: false, reason }
}

function firstMissing(requirements: readonly Requirement[]): string | undefined {
  for (const requirement of requirements) {
    const check = requirement()
    if (!check.ok) return check.reason
  }
  return undefined
}

function once(check: Requirement): Requirement {
  let known: Check | undefined
  return () => (known ??= check())
}

function succeeds(file: string, ...args: readonly string[]): boolean {
  return spawnSync(file, args, { stdio: 'ignore', timeout: 30_000 }).status === 0
}
