import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../../test-fixtures/command.js'
import { uniqueName } from '../../../../test-fixtures/wireguard-go.js'
import { BIN } from '../cli/bin.js'
import { tunnelText } from './tunnel-client.js'

const WG_QUICK = fileURLToPath(new URL('../../dist/cli/wg-quick.js', import.meta.url))

const PREPARE = [
  // The implementation ends with its interface.
  `trap 'ip link delete "$NAME" 2> /dev/null || true' EXIT`,
  'mkdir -p /etc/wireguard /run/wireguard-quick',
  'chmod 700 /run/wireguard-quick',
  'mount -t tmpfs -o mode=700 tmpfs /etc/wireguard',
  'mount -t tmpfs -o mode=700 tmpfs /run/wireguard-quick',
  // As in a container, it cannot be replaced by renaming another file.
  'printf "nameserver 192.0.2.53\\n# as it was\\n" > /etc/wireguard/resolv',
  'mount --bind /etc/wireguard/resolv /etc/resolv.conf',
  'cat > "/etc/wireguard/$NAME.conf"',
  'chmod 600 "/etc/wireguard/$NAME.conf"',
  'ip link set lo up',
  'ip link add eth0 type veth peer name far0',
  // The kernel would add an address of its own a moment later.
  'ip link set eth0 addrgenmode none',
  'ip link set far0 addrgenmode none',
  'ip link set far0 up',
  'ip link set eth0 up',
  'ip address add 192.0.2.9/24 dev eth0',
  'ip route add default via 192.0.2.1',
  'wireguard() { "$NODE" "$BIN" "$@"; }',
  'state() { ip -br link; ip rule; ip -6 rule; ip route show table all; nft list ruleset; cat /etc/resolv.conf; ls /run/wireguard-quick; }',
]

/** What a script printed, with NAME in place of the name of the interface. */
export interface MachineRun {
  readonly name: string
  readonly stdout: string
  readonly stderr: string
  readonly code: number | string | null
}

/**
 * Runs a script of sh in a machine of its own: with its network, its /etc/wireguard and
 * /etc/resolv.conf, and a file for $NAME.
 *
 * @param first commands before the machine is prepared
 */
export async function runInMachine(
  script: string,
  file = tunnelText('0.0.0.0/0', ['DNS = 10.8.0.1']),
  first: readonly string[] = [],
): Promise<MachineRun> {
  const name = uniqueName()
  const { stdout, stderr, code } = await runCommand(
    ['unshare', '-nm', 'sh', '-ec', [...first, ...PREPARE, script].join('\n')],
    { input: file, env: { NAME: name, BIN, WG_QUICK, NODE: process.execPath } },
  )
  return {
    name,
    stdout: stdout.replaceAll(name, 'NAME'),
    stderr: stderr.replaceAll(name, 'NAME'),
    code,
  }
}
