import { isPortableInterfaceName } from 'wireguardcfg'
import { quote } from 'wireguardcfg/internal'
import { nameOfFile } from '../../up/tunnel-file.js'
import { CommandError, UsageError } from '../context.js'

/** The options of the commands for tunnels, without their dashes. */
export type QuickFlag = 'dry-run' | 'json' | 'no-hooks' | 'kill-switch' | 'dns' | 'masquerade'

/** What one of the commands for tunnels was given. */
export interface QuickRequest {
  /** The name of the interface. */
  readonly name: string
  /** Its file. */
  readonly path: string
  readonly flags: ReadonlySet<QuickFlag>
  readonly dns: (typeof DNS)[number] | undefined
  /** Or the name of an interface; undefined: not given. */
  readonly masquerade: true | string | undefined
}

const DNS = ['auto', 'resolved', 'resolvconf', 'file', 'off'] as const

/**
 * Reads `NAME|FILE` and options. As in wg-quick(8), a name stands for a file in /etc/wireguard, and
 * everything else is a path.
 *
 * @param known the options of the command
 * @throws UsageError
 */
export function quickRequest(args: readonly string[], known: readonly QuickFlag[]): QuickRequest {
  const flags = new Set<QuickFlag>()
  const others: string[] = []
  let dns: QuickRequest['dns']
  let masquerade: QuickRequest['masquerade']
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!
    const [option, value] = splitOption(argument)
    const flag = known.find((one) => option === `--${one}`)
    if (flag === 'masquerade') masquerade = value ?? true
    else if (value !== undefined) throw new UsageError(`unknown option ${quote(argument)}`)
    else if (flag === 'dns') {
      dns = DNS.find((one) => one === args[i + 1])
      if (dns === undefined)
        throw new UsageError('--dns: expected auto, resolved, resolvconf, file or off')
      i++
    } else if (flag !== undefined) flags.add(flag)
    else if (argument.startsWith('-')) throw new UsageError(`unknown option ${quote(argument)}`)
    else others.push(argument)
  }
  const [given] = others
  if (given === undefined || others.length > 1) throw new UsageError('')
  return { ...fileOf(given), flags, dns, masquerade }
}

/** `--masquerade=eth0` has a value. */
function splitOption(argument: string): readonly [option: string, value: string | undefined] {
  const at = argument.startsWith('--') ? argument.indexOf('=') : -1
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)]
}

function fileOf(given: string): { readonly name: string; readonly path: string } {
  if (isPortableInterfaceName(given)) {
    return { name: given, path: `/etc/wireguard/${given}.conf` }
  }
  if (/^[a-zA-Z0-9_=+.-]+$/.test(given) && !given.endsWith('.conf')) {
    throw new CommandError(`${quote(given)}: an interface name has at most 15 bytes`)
  }
  return { name: nameOfFile(given), path: given }
}
