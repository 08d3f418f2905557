// Name servers with the real programs resolvconf(8), of openresolv and of Debian.
import { describe, expect, it } from '@jest/globals'
import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { hasBin } from './cli/bin.js'
import { ASKS, hasUnpacked, unpacked, withPackage } from './support/resolvers.js'
import { tunnelText } from './support/tunnel-client.js'
import { runInMachine } from './support/tunnel-machine.js'

/** Lays the files of a package over those of the machine. */
const installed = (name: string): string[] => [
  ...withPackage(name),
  `mount -t overlay overlay -o lowerdir=${unpacked(name)}/lib:/usr/lib /usr/lib`,
  `mount -t overlay overlay -o lowerdir=${unpacked(name)}/sbin:/usr/sbin /usr/sbin`,
]

const BEGIN: Readonly<Record<string, string>> = {
  openresolv:
    'umount /etc/resolv.conf; : > /etc/resolv.conf; echo "nameserver 192.0.2.53" | resolvconf -a eth0 2> /dev/null || { resolvconf -u; }',
  resolvconf:
    'umount /etc/resolv.conf; mkdir -p /run/resolvconf/interface; : > /run/resolvconf/enable-updates' +
    '; rm /etc/resolv.conf; ln -s /run/resolvconf/resolv.conf /etc/resolv.conf; echo "nameserver 192.0.2.53" | resolvconf -a eth0.inet',
}

const FUNCTIONS = `
ours() { "$NODE" "$BIN" "$@" 2> /tmp/err.$$ || { echo "failed: $(tail -n 1 /tmp/err.$$)"; }; rm -f /tmp/err.$$; }
now() { cat /etc/resolv.conf; find /run/resolvconf -type f ! -name '*lock*' | sort; }
`

const NAMED = tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1, 10.8.0.2, corp.example'])

describeWith(
  [hasWireGuardGo, hasWg, hasBin, hasUnpacked('openresolv', 'resolvconf')],
  'name servers',
  () => {
    describe.each(['openresolv', 'resolvconf'])('by %s', (name) => {
      const run = async (script: string, file = NAMED): Promise<string> => {
        const { stdout, stderr, code } = await runInMachine(
          [FUNCTIONS, BEGIN[name], script].join('\n'),
          file,
          installed(name),
        )
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
        return stdout
      }

      it('are asked through the tunnel first while it is up', async () => {
        const stdout = await run(
          `${ASKS} asks; ours up "$NAME"; asks; ours down "$NAME"; asks`,
          tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1']),
        )
        expect(stdout).toBe('beside\ninside\nbeside\n')
      }, 60_000)

      it('change, end and begin with a reload', async () => {
        const stdout = await run(
          'now > /tmp/b.$$; ours up "$NAME"; now > /tmp/u.$$; file="/etc/wireguard/$NAME.conf"; cp "$file" /run/file' +
            '; sed -i "s/^DNS.*/DNS = 10.8.0.9/" "$file"; ours reload "$NAME"; grep -c "10.8.0.9" /etc/resolv.conf' +
            '; sed -i /^DNS/d "$file"; ours reload "$NAME"; now | diff /tmp/b.$$ -' +
            '; cp /run/file "$file"; ours reload "$NAME"; now | diff /tmp/u.$$ -' +
            '; ours down "$NAME"; now | diff /tmp/b.$$ -; rm /tmp/b.$$ /tmp/u.$$',
        )
        expect(stdout).toBe('1\n')
      }, 60_000)

      it('come first while a tunnel is up, and are gone after it', async () => {
        const stdout = await run(
          'now > /tmp/b.$$; ours up "$NAME"; grep -E "^(nameserver|search)" /etc/resolv.conf' +
            '; ours down "$NAME"; now | diff /tmp/b.$$ -; rm /tmp/b.$$; echo done',
        )
        // Debian's program keeps the others behind.
        const others = name === 'resolvconf' ? 'nameserver 192.0.2.53\n' : ''
        expect(stdout.split('\n').toSorted()).toEqual(
          `nameserver 10.8.0.1\nnameserver 10.8.0.2\n${others}search corp.example\ndone\n`
            .split('\n')
            .toSorted(),
        )
        expect(stdout).toMatch(/nameserver 10\.8\.0\.1\nnameserver 10\.8\.0\.2\n/)
      }, 60_000)

      it('are taken back when up fails', async () => {
        const stdout = await run(
          'now > /tmp/b.$$; ours up "$NAME"; now | diff /tmp/b.$$ -; rm /tmp/b.$$; echo done',
          tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1', 'PostUp = false']),
        )
        expect(stdout).toMatch(/^failed: .*could not run PostUp.*\ndone\n$/)
      }, 60_000)

      it('of wg-quick are taken back by our down, and ours by that of wg-quick', async () => {
        const stdout = await run(
          'now > /tmp/b.$$; wg-quick up "$NAME" 2> /dev/null; grep -c 10.8.0.1 /etc/resolv.conf' +
            '; "$NODE" "$WG_QUICK" down "$NAME" 2> /dev/null; now | diff /tmp/b.$$ -' +
            '; ours up "$NAME"; wg-quick down "$NAME" 2> /dev/null; now | diff /tmp/b.$$ -; rm /tmp/b.$$; echo done',
        )
        expect(stdout).toBe('1\ndone\n')
      }, 60_000)

      it('of several tunnels stack', async () => {
        const stdout = await run(
          'now > /tmp/b.$$; sed "s/10[.]8[.]0/10.7.0/; s/fd00:8/fd00:7/" "/etc/wireguard/$NAME.conf" > /etc/wireguard/other.conf' +
            '; sed -i "s/DNS = .*/DNS = 10.7.0.1/; s/10[.]9[.]0/10.6.0/" /etc/wireguard/other.conf; chmod 600 /etc/wireguard/other.conf' +
            '; ours up "$NAME"; ours up other; ours down "$NAME"; grep -c 10.8.0.1 /etc/resolv.conf || true' +
            '; grep -c 10.7.0.1 /etc/resolv.conf; ours down other; now | diff /tmp/b.$$ -; rm /tmp/b.$$; echo done',
        )
        expect(stdout).toBe('0\n1\ndone\n')
      }, 60_000)
    })

    it('need the program that was asked for', async () => {
      const { stdout, code } = await runInMachine(
        `${FUNCTIONS}\nours up --dns resolvconf "$NAME"; ip -br link | grep -c "^$NAME" || true`,
        NAMED,
      )
      expect(code).toBe(0)
      expect(stdout).toMatch(/^failed: .*there is no program resolvconf.*\n0\n$/)
    }, 60_000)
  },
)
