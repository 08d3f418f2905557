// Name servers with a real systemd-resolved, over a real bus.
import { expect, it } from '@jest/globals'
import { describeWith, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { hasBin } from './cli/bin.js'
import { ASKS, hasUnpacked, unpacked, withPackage } from './support/resolvers.js'
import { tunnelText } from './support/tunnel-client.js'
import { runInMachine } from './support/tunnel-machine.js'

const RESOLVED = unpacked('systemd-resolved')
const DBUS = unpacked('dbus-daemon')

const BUS = `<busconfig>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>`

/** A machine whose name servers systemd-resolved manages. */
const FIRST = [
  ...withPackage('systemd-resolved'),
  'mkdir -p /run/bin /run/dbus /run/systemd/resolve',
  'grep -q ^systemd-resolve: /etc/passwd || echo "systemd-resolve:x:991:991::/:/usr/sbin/nologin" >> /etc/passwd',
  'grep -q ^systemd-resolve: /etc/group || echo "systemd-resolve:x:991:" >> /etc/group',
  'chown systemd-resolve:systemd-resolve /run/systemd/resolve',
  `cat > /run/bus.conf <<'X'\n${BUS}\nX`,
  // The real wg-quick calls it by this name.
  `ln -s ${RESOLVED}/usr/bin/resolvectl /run/bin/resolvconf`,
  `ln -s ${RESOLVED}/usr/bin/resolvectl /run/bin/resolvectl`,
]

/** @param within what starts systemd-resolved */
const begin = (within = '') => `
umount /etc/resolv.conf
export PATH="$PATH:/run/bin"
${DBUS}/usr/bin/dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile 2> /dev/null & bus=$!
while ! [ -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
${within} ${RESOLVED}/lib/systemd/systemd-resolved 2> /dev/null & resolved=$!
while ! resolvectl statistics > /dev/null 2>&1; do sleep 0.1; done
ln -sf /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
ours() { "$NODE" "$BIN" "$@" 2> /run/err || { echo "failed: $(tail -n 1 /run/err)"; }; }
tell() { for what in dns domain default-route; do resolvectl $what "$NAME"; done | sed 's/Link [0-9]*/Link/'; }
`
const END = '\nkill $resolved $bus; wait'

const NAMED = tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1, fd00:8::1, corp.example'])

const run = async (script: string, file = NAMED, within?: string): Promise<string> => {
  const { stdout, stderr, code } = await runInMachine(
    `${begin(within)}\n${script}${END}`,
    file,
    FIRST,
  )
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  return stdout
}

describeWith(
  [hasWireGuardGo, hasWg, hasBin, hasUnpacked('systemd-resolved', 'dbus-daemon')],
  'name servers by systemd-resolved',
  () => {
    it('are those that wg-quick gives it, and end with the interface', async () => {
      const stdout = await run(
        'resolvectl > /run/before; ours up "$NAME"; tell > /run/ours; cat /run/ours; ours down "$NAME"' +
          '; resolvectl | diff /run/before -; wg-quick up "$NAME" 2> /dev/null; tell | diff /run/ours -' +
          '; wg-quick down "$NAME" 2> /dev/null; ls -l /etc/resolv.conf | sed "s/.* //"',
      )
      expect(stdout).toBe(
        'Link (NAME): 10.8.0.1 fd00:8::1\nLink (NAME): corp.example ~.\nLink (NAME): yes\n' +
          '/run/systemd/resolve/stub-resolv.conf\n',
      )
    }, 60_000)

    it('are asked through the tunnel alone while it is up', async () => {
      const stdout = await run(
        `${ASKS} resolvectl dns eth0 192.0.2.53; resolvectl default-route eth0 yes` +
          '; asks; ours up "$NAME"; asks; ours down "$NAME"; asks',
      )
      expect(stdout).toBe('beside\ninside\nbeside\n')
    }, 60_000)

    it('are asked for names in their domains alone, if they are to be', async () => {
      const script = `import { WireGuard } from 'wireguard'
        const wg = await WireGuard.open()
        const path = '/etc/wireguard/' + process.env.NAME + '.conf'
        console.log(String(await wg.planFile(path, { dnsMode: 'split' })).match(/resolvectl.*/)[0])
        await wg.upFile(path, { dnsMode: 'split' })
        await wg.close()`
      const stdout = await run(
        `"$NODE" --input-type=module -e '${script.replaceAll("'", '"')}'; tell; ours reload "$NAME"; tell; ours down "$NAME"`,
      )
      const told = 'Link (NAME): 10.8.0.1 fd00:8::1\nLink (NAME): corp.example\nLink (NAME): no\n'
      expect(stdout).toBe(
        'resolvectl dns NAME 10.8.0.1 fd00:8::1; resolvectl domain NAME corp.example; resolvectl default-route NAME no\n' +
          told +
          told,
      )
    }, 60_000)

    it('change, end and begin with a reload', async () => {
      const stdout = await run(
        'ours up "$NAME"; resolvectl > /run/first; file="/etc/wireguard/$NAME.conf"; cp "$file" /run/file' +
          '; sed -i "s/^DNS.*/DNS = 10.8.0.9/" "$file"; ours reload "$NAME"; tell' +
          '; sed -i /^DNS/d "$file"; ours reload "$NAME"; tell' +
          '; cp /run/file "$file"; ours reload "$NAME"; resolvectl | diff /run/first -; ours down "$NAME"',
      )
      expect(stdout).toBe(
        'Link (NAME): 10.8.0.9\nLink (NAME): ~.\nLink (NAME): yes\n' +
          'Link (NAME):\nLink (NAME):\nLink (NAME): no\n',
      )
    }, 60_000)

    it('are gone when up fails, and stand in the plan', async () => {
      const stdout = await run(
        'resolvectl > /run/before; ours up "$NAME"; resolvectl | diff /run/before -; ours plan "$NAME" --no-hooks | grep resolvectl',
        tunnelText('10.9.0.0/16', ['DNS = 10.8.0.1', 'PostUp = false']),
      )
      expect(stdout).toMatch(/^failed: .*could not run PostUp/)
      expect(stdout).toContain("resolvectl dns NAME 10.8.0.1; resolvectl domain NAME '~.'")
    }, 60_000)

    it('are refused before anything is made where it lives in another namespace, or does not run', async () => {
      const stdout = await run(
        'ours up "$NAME"; ip -br link | grep -c "^$NAME" || true; kill $resolved; wait $resolved || true' +
          '; ours up "$NAME"; ip -br link | grep -c "^$NAME" || true; resolved=',
        NAMED,
        'unshare -n',
      )
      expect(stdout).toMatch(
        /^failed: .*another network namespace.*\n0\nfailed: .*systemd-resolved does not run.*\n0\n$/,
      )
    }, 60_000)
  },
)
