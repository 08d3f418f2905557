/** The values that `show` can print alone, as wg(8) names them. */
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
  A file of no bytes removes a key, "off" a mark or an interval, "" the allowed IPs.
  With + or - in front, allowed IPs are added to or taken from what the peer has; without, they replace it.`,
  setconf: 'setconf INTERFACE FILE',
  addconf: 'addconf INTERFACE FILE',
  syncconf: 'syncconf INTERFACE FILE',
  genkey: 'genkey',
  genpsk: 'genpsk',
  pubkey: 'pubkey',
  check: `check FILE...
  Prints every problem of the configuration files with its line; exits with 1 if one of them is an error.`,
}

/** How the program is called. */
export function usage(program: string): string {
  return `Usage: ${program} [COMMAND] [ARGUMENT]...

  show       what interfaces and peers are and do; without a command, all of them
  showconf   the configuration of an interface as a file
  set        changes an interface, adds, changes and removes peers
  setconf    makes an interface what a file says
  addconf    adds what a file says to an interface
  syncconf   as setconf, sending only what differs: sessions go on
  genkey     a new private key
  genpsk     a new preshared key
  pubkey     the public key of the private key on standard input
  check      the problems of configuration files
  COMMAND --help says more. ${program} --version prints the version.
`
}

/** How a subcommand is called; of a name that is none, how the program is. */
export function usageOf(name: string, program: string): string {
  const synopsis = Object.hasOwn(SYNOPSES, name) ? SYNOPSES[name] : undefined
  return synopsis === undefined ? usage(program) : `Usage: ${program} ${synopsis}\n`
}
