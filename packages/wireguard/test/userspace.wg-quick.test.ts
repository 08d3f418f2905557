// The command as wg-quick, beside the real one.
import { expect, it } from '@jest/globals'
import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { hasBin } from './cli/bin.js'
import { tunnelText } from './support/tunnel-client.js'
import { runInMachine } from './support/tunnel-machine.js'

const DEFINE = `
ours() { "$NODE" "$WG_QUICK" "$@"; }
theirs() { wg-quick "$@"; }
# Prints what a command prints, and its exit code.
tell() { "$@" 2>&1 || echo "exit $?"; }
# What a tunnel changes, without what the two make differently.
all() { ip -br link; ip rule; ip -6 rule; ip route show table all; nft list ruleset; cat /etc/resolv.conf; }
`

const SPLIT = tunnelText('10.9.0.0/16, fd00:9::/48')
const FULL = tunnelText('0.0.0.0/0, ::/0')

/** Commands that put a program of this name first in PATH. */
function wrapper(name: string, command: string): string {
  const path = `/run/wireguard-quick/bin/${name}`
  return `printf '#!/bin/sh\\nexec ${command} "$@"\\n' > ${path}; chmod 755 ${path}`
}

/** Runs a script once with ours and once with theirs as \`quick\`, and returns what both print. */
async function both(script: string, file = SPLIT): Promise<{ ours: string; theirs: string }> {
  const outputOf = async (which: string): Promise<string> => {
    const run = `${DEFINE}\nquick() { ${which} "$@"; }\n${script}`
    const { stdout, stderr, code } = await runInMachine(run, file)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    return stdout
  }
  const [ours, theirs] = [await outputOf('ours'), await outputOf('theirs')]
  return { ours, theirs }
}

describeWith([hasWireGuardGo, hasWg, hasBin], 'wg-quick', () => {
  it.each([
    ['a tunnel without a file', 'tell quick up nope; tell quick down nope; tell quick strip nope'],
    ['a path that is not there', 'tell quick up ./nope.conf; tell quick save /nope/x.conf'],
    [
      'names that no interface can have',
      'cd /etc/wireguard; : > a-name-that-is-too-long.conf; : > x.txt; : > "a b.conf"' +
        '; for f in ./a-name-that-is-too-long.conf ./x.txt "./a b.conf" /etc/wireguard; do tell quick up "$f"; done',
    ],
    [
      'a name with its ending',
      'tell quick up "$NAME.conf"; cd /etc/wireguard; tell quick up x.conf',
    ],
    ['an interface that is not there', 'tell quick down "$NAME"; tell quick save "$NAME"'],
    [
      'an interface of another kind',
      'ip link add "$NAME" type veth peer name far1; tell quick down "$NAME"; tell quick save "$NAME"; tell quick up "$NAME"',
    ],
    [
      'a file that others may read',
      'cd /etc/wireguard; chmod 755 .; chmod 604 "$NAME.conf"; tell quick strip "$NAME"; tell quick down "./$NAME.conf"',
    ],
    [
      'a link to a file',
      'cd /etc/wireguard; mv "$NAME.conf" real.conf; ln -s real.conf "$NAME.conf"; tell quick strip "$NAME"; tell quick down "$NAME"',
    ],
    [
      'a tunnel that is up',
      'tell quick up "$NAME" > /dev/null; tell quick up "$NAME"; ip -br link | grep -c "^$NAME"',
    ],
  ])(
    'says the same about %s',
    async (_, script) => {
      const { ours, theirs } = await both(script)
      expect(theirs).not.toBe('')
      expect(ours).toBe(theirs)
    },
    60_000,
  )

  it('prints its usage on standard error, and fails unless it was asked for', async () => {
    const { ours, theirs } = await both(
      'for a in --help -h help "" up "up a b" "frob x" "--help x"; do tell quick $a > /tmp/out.$$; head -c 16 /tmp/out.$$; grep ^exit /tmp/out.$$ || true; done; rm /tmp/out.$$; quick --help 2> /dev/null',
    )
    expect(theirs).toContain('Usage: wg-quick ')
    expect(ours).toBe(theirs)
  }, 60_000)

  it.each([
    [
      'PostUp = exit 7',
      'tell quick up "$NAME" | tail -n 1; ip -br link | grep -c "^$NAME" || true',
    ],
    [
      'PreDown = exit 9',
      'tell quick up "$NAME" > /dev/null; tell quick down "$NAME" | tail -n 1; ip -br link | grep -c "^$NAME"',
    ],
    [
      'PostDown = exit 5',
      'tell quick up "$NAME" > /dev/null; tell quick down "$NAME" | tail -n 1; ip -br link | grep -c "^$NAME" || true',
    ],
  ])(
    'ends with the code of a command that fails: %s',
    async (line, script) => {
      const { ours, theirs } = await both(script, tunnelText('10.9.0.0/16', [line]))
      expect(theirs).toMatch(/^exit \d\n[01]\n$/)
      expect(ours).toBe(theirs)
    },
    60_000,
  )

  it.each([
    ['split', SPLIT],
    ['full', FULL],
  ])(
    'leaves the same behind after up and down: %s tunnel',
    async (_, file) => {
      const { ours, theirs } = await both(
        'all > /tmp/b.$$; quick up "$NAME" 2> /dev/null; wg show "$NAME" allowed-ips; ip -br address show "$NAME" | sed s/fe80[^[:space:]]*// | tr -s " "' +
          '; cat /proc/sys/net/ipv4/conf/all/src_valid_mark; quick down "$NAME" 2> /dev/null; all | diff /tmp/b.$$ - ; rm /tmp/b.$$',
        file,
      )
      expect(ours.replace(/^[01]\n/m, '')).toBe(theirs.replace(/^[01]\n/m, ''))
    },
    60_000,
  )

  it('runs no command of a file that others can write, and changes nothing then', async () => {
    const { stdout, code } = await runInMachine(
      `${DEFINE}\ntheirs up "$NAME" 2> /dev/null; chmod 666 "/etc/wireguard/$NAME.conf"` +
        '; all > /tmp/b.$$; tell ours down "$NAME"; all | diff /tmp/b.$$ -; rm /tmp/b.$$',
      tunnelText('0.0.0.0/0', ['PreDown = echo bye']),
    )
    expect(code).toBe(0)
    expect(stdout).not.toContain('bye')
    expect(stdout).toMatch(/can be changed by others|others/)
    expect(stdout).toMatch(/exit 1\n$/)
  }, 60_000)

  it.each([
    ['ours', 'theirs'],
    ['theirs', 'ours'],
  ])(
    'takes down with %s what %s has brought up, and leaves another tunnel alone',
    async (down, up) => {
      const other = FULL.replaceAll('10.8.0.2', '10.7.0.2').replaceAll('fd00:8::2', 'fd00:7::2')
      const { stdout, stderr, code } = await runInMachine(
        [
          DEFINE,
          // Of two tunnels, the second one is taken down.
          `cat > /etc/wireguard/other.conf <<'X'\n${other}\nX`,
          'chmod 600 /etc/wireguard/other.conf',
          `${up} up other 2> /dev/null; all > /tmp/b.$$`,
          `${up} up "$NAME" 2> /dev/null`,
          `${down} down "$NAME" > /tmp/out.$$ 2> /dev/null; cat /tmp/out.$$`,
          // The real one takes the rules of both that ignore default routes.
          `all | diff /tmp/b.$$ - | grep -v suppress_prefixlength || true`,
          'ours down other 2> /dev/null; ip rule | grep -c 518 || true; ip -br link | grep -cE "^(other|$NAME)" || true',
          'rm /tmp/b.$$ /tmp/out.$$',
        ].join('\n'),
        tunnelText('0.0.0.0/0, ::/0', ['PreDown = echo bye %i', 'PostDown = echo gone']),
      )
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      expect(stdout.replaceAll(/^(?:\d+[ac,d]\d*.*|---)\n/gm, '')).toBe('bye NAME\ngone\n0\n0\n')
    },
    60_000,
  )

  it.each([
    // As the script of angristan: hooks, keys in a folder without its x, `strip` after each change.
    [
      'adds and revokes clients by syncconf of strip',
      `chmod 600 -R /etc/wireguard/
       unit start
       printf '\\n### Client one\\n[Peer]\\nPublicKey = %s\\nPresharedKey = %s\\nAllowedIPs = 10.66.66.2/32,fd42:42:42::2/128\\n' "$ONE" "$PSK" >> "$file"
       bash -c 'wg syncconf "$0" <(wg-quick strip "$0")' "$NAME"; seen
       sed -i '/^### Client one$/,/^$/d' "$file"
       bash -c 'wg syncconf "$0" <(wg-quick strip "$0")' "$NAME"; seen
       unit stop; seen`,
      [
        'Address = 10.66.66.1/24,fd42:42:42::1/64',
        'ListenPort = 51899',
        'PostUp = nft add table ip clients',
        "PostUp = nft add chain ip clients nat '{ type nat hook postrouting priority 100; }'",
        'PostUp = nft add rule ip clients nat oifname eth0 masquerade; echo %i',
        'PostDown = nft delete table ip clients',
      ],
    ],
    // As those of Nyr and hwdsl2: an implementation by its variable, addconf of a part of the file.
    [
      'adds clients by addconf of a part of the file, and removes them by set',
      `export WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go WG_SUDO=1
       sed -i '1i # Do not alter the commented lines\\n# ENDPOINT 192.0.2.9\\n' "$file"
       unit start
       printf '# BEGIN_PEER one\\n[Peer]\\nPublicKey = %s\\nPresharedKey = %s\\nAllowedIPs = 10.7.0.2/32, fddd::2/128\\n# END_PEER one\\n' "$ONE" "$PSK" >> "$file"
       bash -c 'wg addconf "$0" <(sed -n "/^# BEGIN_PEER one$/,/^# END_PEER one/p" "$1")' "$NAME" "$file"; seen
       wg set "$NAME" peer "$(sed -n '/^# BEGIN_PEER one$/,$p' "$file" | grep -m 1 PublicKey | cut -d ' ' -f 3)" remove
       sed -i '/^# BEGIN_PEER one$/,/^# END_PEER one$/d' "$file"; seen
       unit stop; unit start; seen; unit stop; seen`,
      ['Address = 10.7.0.1/24, fddd::1/64', 'ListenPort = 51899'],
    ],
    // As PiVPN: the unit is restarted, and reloaded.
    [
      'restarts and reloads the unit',
      `unit start
       printf '### begin one ###\\n[Peer]\\nPublicKey = %s\\nPresharedKey = %s\\nAllowedIPs = 10.6.0.2/32,fd11:5ee:bad:c0de::2/128\\n### end one ###\\n' "$ONE" "$PSK" >> "$file"
       unit reload; seen; wg show "$NAME" dump | cut -f 1,4 | sed 1d
       sed -i '/### begin one ###/,/end one ###/s/^/#[disabled] /' "$file"; unit reload; seen
       sed -i 's/^#\\[disabled\\] //' "$file"; unit stop; unit start; seen; unit stop; seen`,
      ['Address = 10.6.0.1/24,fd11:5ee:bad:c0de::1/64', 'MTU = 1420', 'ListenPort = 51899'],
    ],
  ])(
    'serves an install script that %s, with wg in its place too',
    async (_, script, lines) => {
      const run = async (programs: string): Promise<string> => {
        const key = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk='
        const { stdout, stderr, code } = await runInMachine(
          `
file="/etc/wireguard/$NAME.conf"
export ONE=xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg= PSK=${key}
mkdir /run/wireguard-quick/bin; export PATH="/run/wireguard-quick/bin:$PATH" NAME
${programs}
# What wg-quick@.service does.
unit() {
  case $1 in
    start) wg-quick up "$NAME" 2> /dev/null ;;
    stop) wg-quick down "$NAME" 2> /dev/null ;;
    reload) bash -c 'exec wg syncconf "$0" <(exec wg-quick strip "$0")' "$NAME" ;;
  esac
}
seen() {
  ip -br address show "$NAME" 2> /dev/null | sed 's/fe80[^[:space:]]*//' | tr -s ' ' || true
  wg showconf "$NAME" 2> /dev/null || echo none; ip route show dev "$NAME" 2> /dev/null || true
  nft list ruleset; ls -l /etc/wireguard | cut -c 1-10; cat "$file" 2> /dev/null
}
${script}`,
          `[Interface]\nPrivateKey = ${key}\n${lines.join('\n')}\n`,
        )
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
        return stdout.replaceAll(/ proto 51/g, '')
      }
      const ours = await run(
        [wrapper('wg', '"$NODE" "$BIN"'), wrapper('wg-quick', '"$NODE" "$WG_QUICK"')].join('\n'),
      )
      const theirs = await run('')
      expect(theirs).toContain('xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=')
      expect(ours).toBe(theirs)
    },
    60_000,
  )
})
