/** The fields that `show` can print alone, by their names in wg(8). */
export const FIELD_NAMES = [
  'public-key',
  'private-key',
  'listen-port',
  'fwmark',
  'peers',
  'preshared-keys',
  'endpoints',
  'allowed-ips',
  'latest-handshakes',
  'transfer',
  'persistent-keepalive',
  'dump',
] as const

/** One of {@link FIELD_NAMES}. */
export type FieldName = (typeof FIELD_NAMES)[number]

const TUNNEL_FILE = 'A name stands for /etc/wireguard/NAME.conf; FILE is a path to NAME.conf.'

const SYNOPSES: Readonly<Record<string, string>> = {
  show: `show [INTERFACE | all | interfaces] [FIELD] [--json] [--reveal]
  FIELD      ${FIELD_NAMES.slice(0, 6).join(', ')},
             ${FIELD_NAMES.slice(6).join(', ')}
  --json     print JSON; secret keys are hidden
  --reveal   print secret keys`,
  showconf: 'showconf INTERFACE',
  set: `set INTERFACE [listen-port PORT] [fwmark MARK] [private-key FILE]
    [peer PUBLIC-KEY [remove] [preshared-key FILE] [endpoint HOST:PORT] [persistent-keepalive SECONDS]
      [allowed-ips [+|-]ADDRESS[/LENGTH],...]]...
  An empty file removes a key, "off" removes a mark or an interval, "" removes all allowed IPs.
  A list of allowed IPs replaces that of the peer. Entries with + or - change it: + adds, - removes.`,
  setconf: 'setconf INTERFACE FILE',
  addconf: 'addconf INTERFACE FILE',
  syncconf: 'syncconf INTERFACE FILE',
  genkey: 'genkey',
  genpsk: 'genpsk',
  pubkey: 'pubkey',
  keep: `keep INTERFACE [FILE]
  Looks the host names of the file up again while their peers are overdue, until it is ended.
  The default is /etc/wireguard/INTERFACE.conf.`,
  up: `up NAME | FILE [--dry-run] [--json] [--no-hooks] [--kill-switch] [--masquerade[=INTERFACE]]
    [--dns auto | resolved | resolvconf | file | off]
  ${TUNNEL_FILE}
  --dry-run      print what would be done, as plan
  --json         print the result as JSON, and no steps
  --no-hooks     do not run PreUp and PostUp, nor PreDown and PostDown later
  --kill-switch  refuse traffic when the interface of a default route is down or gone
  --masquerade   let clients reach other networks, with the address of this machine: by every
                 other interface, or by one
  --dns          auto (default): by systemd-resolved or resolvconf where one of them manages
                 /etc/resolv.conf, else edit the file unless another program manages it;
                 resolved, resolvconf: by these; file: edit the file in any case;
                 off: leave the name servers as they are`,
  reload: `reload NAME | FILE [--dry-run] [--json] [--no-hooks] [--kill-switch] [--masquerade[=INTERFACE]]
    [--dns auto | resolved | resolvconf | file | off]
  ${TUNNEL_FILE}
  Changes what differs from the file, without a break: sessions continue. No command of the file
  runs. What is not given is as \`up' was told.
  --dry-run      print what would be changed
  --json         print the result as JSON, and no steps
  --no-hooks     do not run PreDown and PostDown later`,
  down: `down NAME | FILE [--json] [--no-hooks]
  Undoes what up did, also without the interface or the file.`,
  save: `save NAME | FILE
  ${TUNNEL_FILE}`,
  strip: `strip NAME | FILE
  ${TUNNEL_FILE}`,
  plan: `plan NAME | FILE [--json] [--no-hooks] [--kill-switch] [--masquerade[=INTERFACE]]
    [--dns auto | resolved | resolvconf | file | off]
  ${TUNNEL_FILE}`,
  metrics: `metrics [--format prometheus | openmetrics] [--profile default | mindflavor | all]
    [--conf FILE]... [--endpoints] [--output FILE]
    [--listen [PORT | ADDRESS:PORT | unix:/PATH | systemd] [--token-file FILE] [--host NAME]...]
  Prints metrics of all interfaces for Prometheus, or serves them at /metrics.
  --conf         a file with names of peers
  --endpoints    print the endpoints of peers, which are personal data
  --output       write into a file, which is replaced at once
  --listen       serve until a signal; default 127.0.0.1:9586
  --token-file   a file with the bearer token that clients need; required unless only this
                 machine can connect
  --host         a further name of the server, besides those of the loopback`,
  watch: `watch [INTERFACE]... [--json] [--traffic] [--interval SECONDS] [--conf FILE]...
  Shows interfaces and peers as they change, like top. Off a terminal, prints events as JSON.
  --json      print each event as a line of JSON, also on a terminal
  --traffic   also print what each peer transfers
  --interval  the time between two reads, for JSON; default: 1 to 15 seconds, by what changes
  --conf      a file with names of peers, besides those of the interfaces in /etc/wireguard`,
  check: `check FILE...
  Prints every problem of the files with its line. Exits with 1 if a problem is an error.`,
}

/** Returns the usage of the program. */
export function usage(program: string): string {
  return `Usage: ${program} [COMMAND] [ARGUMENT]...

  show       print interfaces and peers; the default command
  showconf   print the configuration of an interface as a file
  set        change an interface and its peers
  setconf    replace the configuration of an interface with that of a file
  addconf    add the configuration of a file to an interface
  syncconf   as setconf, but send only the differences: sessions continue
  genkey     print a new private key
  genpsk     print a new preshared key
  pubkey     print the public key of the private key on standard input
  keep       keep endpoints with host names up to date, until it is ended
  up         bring a tunnel up from its file: addresses, routes, firewall, name servers
  reload     make a tunnel that is up what its file says
  down       take a tunnel down
  save       save an interface in its file
  strip      print a file without what is for wg-quick alone
  plan       print what up would do
  metrics    print metrics for Prometheus
  watch      show interfaces and peers as they change
  check      print the problems of configuration files

  ${program} COMMAND --help prints the usage of a command.
  ${program} --version prints the version.
  ${program} --debug COMMAND also prints what the command does, on standard error.
`
}

/** Returns the usage of a subcommand, or of the program if the name is not a subcommand. */
export function usageOf(name: string, program: string): string {
  const synopsis = Object.hasOwn(SYNOPSES, name) ? SYNOPSES[name] : undefined
  return synopsis === undefined ? usage(program) : `Usage: ${program} ${synopsis}\n`
}
