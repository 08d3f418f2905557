/** The search path without `PATH`: where execvp(3) and Debian's programs look. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// The place, the language, and what wireguard-go, boringtun and their runtimes read.
const PASSED =
  /^(?:PATH|HOME|TMPDIR|TZ|LANG|LC_\w+|LOG_LEVEL|WG_\w+|RUST_LOG|RUST_BACKTRACE|GODEBUG|GOGC|GOMAXPROCS|GOMEMLIMIT|GOTRACEBACK)$/
// WG_TUN_FD and WG_UAPI_FD name descriptors, and the daemon inherits none.
const HELD_BACK = /_FD$|KEY|PASS|SECRET|TOKEN/

/**
 * Returns the variables that a userspace implementation gets. The rest of the environment stays
 * here: it often holds passwords and tokens, and the daemon runs long after this process.
 */
export function daemonEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(([name]) => PASSED.test(name) && !HELD_BACK.test(name))
  return { PATH: SYSTEM_PATH, ...Object.fromEntries(passed) }
}
