import type { CallOptions } from 'wireguardcfg'
import type { ResolveConfigOptions } from '../resolve/options.js'
import type { PlanStep } from './plan/step.js'

/** What to do with the commands of a file: `PreUp`, `PostUp`, `PreDown` and `PostDown`. */
export type Hooks = 'refuse' | 'skip' | 'run'

/** How the names of a tunnel are resolved. */
export interface TunnelResolveOptions extends Omit<ResolveConfigOptions, 'onFailure'> {
  /**
   * What to do when a name has no address. `'throw'` (default): the call fails, and nothing is
   * changed. `'keep'`: the peer has no endpoint. `'later'`: the same after two seconds at most, and
   * the name is looked up again, as `WireGuard.keepEndpoints`, until `down` or until the
   * `WireGuard` is closed. That is in vain where name servers are reached through the tunnel alone.
   */
  readonly onFailure?: 'throw' | 'keep' | 'later' | undefined
}

/** Options of `WireGuard.plan`. */
export interface PlanOptions extends CallOptions {
  /**
   * Where the routes to the allowed IPs go; default: `Table` of the file, else `'auto'`.
   *
   * - `'auto'`: into the main table; a default route into a table of its own, with rules.
   * - `'off'`: no routes.
   * - A number, or a name of `rt_tables`: all into that table, without rules.
   */
  readonly table?: 'auto' | 'off' | number | (string & {}) | undefined
  /** The metric of the routes to the allowed IPs; default: that of the kernel. */
  readonly metric?: number | undefined
  /** Default `'refuse'`: a file with commands is an error. They run as root. */
  readonly hooks?: Hooks | undefined
  /**
   * How the name servers of the file take effect until the tunnel goes down. `'resolved'`:
   * systemd-resolved is told, over D-Bus. `'resolvconf'`: by the program of openresolv or Debian.
   * `'file'`: `/etc/resolv.conf` is edited. `'auto'`, the default: by the one of the former two
   * that manages the file, else as `'file'`, which is an error where another program does.
   * `'off'`: not at all.
   */
  readonly dns?: 'auto' | 'resolved' | 'resolvconf' | 'file' | 'off' | undefined
  /**
   * Which names are asked at the name servers of the file. `'exclusive'`, the default: all of them,
   * as with wg-quick(8). `'split'`: those in its search domains alone; only systemd-resolved can.
   */
  readonly dnsMode?: 'exclusive' | 'split' | undefined
  /**
   * The file that `dns` edits: `/etc/resolv.conf`, the default, or `/etc/netns/NAME/resolv.conf`.
   * In another network namespace it has to be named.
   */
  readonly resolvConf?: string | undefined
  /**
   * The firewall of a tunnel with a default route. `'auto'`, the default, does without it, with a
   * warning, where the kernel has no nf_tables and nothing depends on it. `'require'`: that is an
   * error. `'off'`: none.
   */
  readonly firewall?: 'auto' | 'require' | 'off' | undefined
  /**
   * What to do where IPv6 is disabled. `'auto'`, the default: leave the IPv6 addresses and routes
   * of the file out, with a warning. `'require'`: fail. `'skip'` leaves them out everywhere.
   */
  readonly ipv6?: 'auto' | 'require' | 'skip' | undefined
  /**
   * Whether traffic is refused, instead of leaving unencrypted, when the interface of a tunnel with
   * a default route is down, is deleted, or could not be finished. `down` ends it. Default: false.
   */
  readonly killSwitch?: boolean | undefined
  /**
   * Whether clients of the tunnel reach other networks: the kernel forwards their packets, and
   * gives them the address of this machine. `'eth0'`: through that interface alone. IPv6 addresses
   * outside fc00::/7 keep theirs, as they can be reached. `down` ends it. Default: false.
   */
  readonly masquerade?: boolean | (string & {}) | undefined
  /** In bytes; default: `MTU` of the file, else by the routes to the endpoints. */
  readonly mtu?: number | 'auto' | undefined
  /**
   * Whether host names of endpoints are resolved, and how; default true: all must have an address.
   */
  readonly resolve?: boolean | TunnelResolveOptions | undefined
  /**
   * The preference of the first of the two rules of a tunnel with a default route; default: the
   * pair below all pairs in 31800 to 32599, so that the newest tunnel comes first.
   */
  readonly rulePreference?: number | undefined
  /** The protocol number of the routes, 1 to 255 (rtnetlink(7)); default 51. */
  readonly routeProtocol?: number | undefined
  /** The protocol number of the rules, 1 to 255; default 51. */
  readonly ruleProtocol?: number | undefined
  /**
   * The folder for what is to be undone. It is made if it is missing, and must be of this user and
   * closed to others. Default `/run/wireguard-quick`.
   */
  readonly stateDirectory?: string | undefined
}

/** Options of `WireGuard.up`. */
export interface UpOptions extends PlanOptions {
  /** As `CreateOptions.backend`. */
  readonly backend?: 'auto' | 'kernel' | 'userspace' | undefined
  /**
   * What to do when the tunnel is up already, by an earlier call. `'error'`, the default: fail with
   * `EEXIST`. `'use'`: leave it as it is, and return it. `'replace'`: take it down first.
   */
  readonly ifExists?: 'error' | 'use' | 'replace' | undefined
  /** How long each command of the file may take, in milliseconds; default 60,000. 0: no limit. */
  readonly hookTimeout?: number | undefined
  /** Whether the commands of the file write to the output of this process; default: false. */
  readonly hookOutput?: boolean | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/**
 * Options of `WireGuard.reload`. What is absent is as the tunnel was brought up, or reloaded, last
 * time, but for `resolve`.
 */
export interface ReloadOptions extends Omit<PlanOptions, 'routeProtocol' | 'ruleProtocol'> {
  /**
   * Default: as the tunnel was brought up. No command runs during a reload. With `'run'`, `down`
   * runs `PreDown` and `PostDown` of the new file. `'skip'`: it runs none. `'refuse'`: a file with
   * commands is an error.
   */
  readonly hooks?: Hooks | undefined
  /** Whether nothing is changed, and `steps` are those that would be. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/** What `WireGuard.reload` did. */
export interface ReloadResult {
  /** What was changed, in order. The firewall is always set again, as it cannot be compared. */
  readonly steps: readonly PlanStep[]
  /** The address families whose internet traffic goes through the tunnel. */
  readonly families: readonly (4 | 6)[]
  /** What the caller may want to know, as sentences. */
  readonly warnings: readonly string[]
}

/** Options of `WireGuard.down`. */
export interface DownOptions extends CallOptions {
  /**
   * Whether the commands of the file run that `up` was allowed to run. Default `'run'`. `'skip'`:
   * they do not.
   */
  readonly hooks?: 'run' | 'skip' | undefined
  /** As {@link UpOptions.hookTimeout}. */
  readonly hookTimeout?: number | undefined
  /** As {@link UpOptions.hookOutput}. */
  readonly hookOutput?: boolean | undefined
  /**
   * Whether the interface is first saved in the file that `upFile` read. Default: as `SaveConfig`
   * of that file says.
   */
  readonly save?: boolean | undefined
  /**
   * The file of an interface that another program has brought up, such as wg-quick(8): its
   * `PreDown` and `PostDown` run, and its `SaveConfig` counts. Not read for a tunnel of `up`.
   */
  readonly file?: string | undefined
  /** As {@link PlanOptions.stateDirectory}. */
  readonly stateDirectory?: string | undefined
  /** Called before each step. */
  readonly onStep?: ((step: PlanStep) => void) | undefined
}

/** What `WireGuard.down` did. */
export interface DownResult {
  /** False: there was nothing to take down. */
  readonly existed: boolean
  /** What the caller may want to know. */
  readonly warnings: readonly string[]
}
