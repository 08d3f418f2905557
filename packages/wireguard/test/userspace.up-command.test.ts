// The command in a machine of its own: with its network, its /etc/wireguard and /etc/resolv.conf.
import { expect, it } from '@jest/globals'
import { describeWith, hasStrace, hasWg, hasWireGuardGo } from '../../../test-fixtures/require.js'
import { hasBin } from './cli/bin.js'
import { ASKS } from './support/resolvers.js'
import { tunnelText } from './support/tunnel-client.js'
import { runInMachine as run } from './support/tunnel-machine.js'

describeWith([hasWireGuardGo, hasWg, hasStrace, hasBin], 'the command', () => {
  it('brings a tunnel up by its name, tells each step, and takes it down', async () => {
    const { stdout, stderr, code } = await run(
      'state > /tmp/before.$$; wireguard up "$NAME"; cat /etc/resolv.conf; wg show "$NAME" fwmark' +
        '; wireguard down "$NAME"; state > /tmp/after.$$; rmdir /run/wireguard-quick/* || true' +
        '; diff /tmp/before.$$ /tmp/after.$$ | grep -v cookie; rm /tmp/before.$$ /tmp/after.$$; true',
    )
    expect(code).toBe(0)
    expect(stdout).toContain('nameserver 10.8.0.1')
    expect(stdout).toContain('\n0xca6c\n')
    expect(stdout).not.toMatch(/^[<>]/m)
    expect(stderr).toMatch(/^\[#\] ip link add NAME type wireguard\n/)
    expect(stderr).toContain(
      '[#] ip -4 rule add preference 32599 not fwmark 51820 table 51820 protocol 51\n',
    )
    expect(stderr).toContain('[#] restore /etc/resolv.conf\n')
  }, 60_000)

  it('plans, and says with --dry-run and --json what it would do', async () => {
    const { stdout, stderr, code } = await run(
      'wireguard plan "/etc/wireguard/$NAME.conf" > /tmp/plan.$$; cat /tmp/plan.$$' +
        '; wireguard up --dry-run "$NAME" | diff - /tmp/plan.$$; rm /tmp/plan.$$' +
        '; echo ---; wireguard plan --json "$NAME"; ip -br link | grep -c NAME || true',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [text, json] = stdout.split('---\n')
    expect(text).toMatch(/^ip link add NAME type wireguard\n/)
    expect(text).toContain('    nameserver 10.8.0.1\n')
    expect(JSON.parse(json!.replace(/0\n$/, ''))).toMatchObject({
      name: 'NAME',
      table: 51_820,
      mtu: 1420,
      steps: expect.arrayContaining([
        { type: 'set-link', command: 'ip link set mtu 1420 up dev NAME' },
      ]),
    })
  }, 60_000)

  it('runs commands and shows their output, unless it must not', async () => {
    const file = tunnelText('10.9.0.0/16', ['PostUp = echo hello %i', 'PreDown = echo bye; exit 4'])
    const { stdout, stderr, code } = await run(
      'wireguard up "$NAME"; wireguard down "$NAME" || echo failed with $?' +
        '; wireguard down --no-hooks "$NAME"; wireguard up --json --no-hooks "$NAME"' +
        '; wireguard down --json "$NAME"',
      file,
    )
    expect(code).toBe(0)
    expect(stdout).toContain('hello NAME\nbye\nfailed with 1\n')
    expect(stdout).toContain('"families": []')
    expect(stdout).toMatch(/"existed": true,\n {2}"warnings": \[\]\n}\n$/)
    expect(stderr).toContain('could not run PreDown: the command failed with exit status 4')
  }, 60_000)

  it('reloads a tunnel: prints what would be changed, tells each step, and keeps what up was told', async () => {
    const { stdout, stderr, code } = await run(
      'wireguard up --kill-switch "$NAME" 2> /dev/null; file="/etc/wireguard/$NAME.conf"' +
        '; sed -i "s/10.8.0.1$/10.8.0.53/; s/^AllowedIPs.*/AllowedIPs = 10.9.0.0\\/16, 0.0.0.0\\/0/" "$file"' +
        '; wireguard reload --dry-run "$NAME"; wireguard reload "$NAME"' +
        '; grep nameserver /etc/resolv.conf; ip route show table 51820; echo ---' +
        '; wireguard reload --json "$NAME"; wireguard down "$NAME" 2> /dev/null; cat /etc/resolv.conf' +
        '; wireguard reload "$NAME" || true',
      tunnelText('0.0.0.0/0, ::/0', ['DNS = 10.8.0.1']),
    )
    expect(code).toBe(0)
    const commands = [...stderr.matchAll(/^\[#\] (.*)$/gm)].map(([, command]) => command)
    expect(commands).toEqual([
      'wg syncconf NAME /dev/stdin',
      'ip -4 route add 10.9.0.0/16 dev NAME proto 51',
      'nft -f /dev/stdin',
      'edit /etc/resolv.conf',
      'ip -6 rule delete preference 32599 not fwmark 51820 table 51820 protocol 51',
      'ip -6 rule delete preference 32598 table main suppress_prefixlength 0 protocol 51',
      'ip -6 route delete unreachable default table 51820 metric 4294967295 proto 51',
      'ip -6 route delete default dev NAME table 51820 metric 1024 proto 51',
    ])
    const [text, json] = stdout.split('---\n')
    expect(text!.startsWith(`${commands.join('\n')}\nnameserver 10.8.0.53\n`)).toBe(true)
    expect(text).toContain('unreachable default')
    expect(json).toContain('"families": [\n    4\n  ]')
    expect(json).not.toContain('nameserver 10.8')
    expect(stderr).toMatch(/reload tunnel "NAME": the tunnel is not up\. Bring it up\n$/)
  }, 60_000)

  it('has the name servers of the file asked inside the tunnel alone while it is up', async () => {
    const { stdout } = await run(
      `${ASKS} asks; wireguard up "$NAME" 2> /dev/null; asks; wireguard down "$NAME" 2> /dev/null; asks`,
    )
    expect(stdout).toBe('beside\ninside\nbeside\n')
  }, 60_000)

  it('saves and strips as wg-quick does', async () => {
    const { stdout, code } = await run(
      'wireguard strip "$NAME" > /tmp/strip.$$; wg-quick strip "$NAME" | diff /tmp/strip.$$ -; rm /tmp/strip.$$' +
        '; wireguard up --dns off "$NAME" 2> /dev/null; ip address add 10.8.99.1/32 dev "$NAME"' +
        '; wireguard save "$NAME"; cat "/etc/wireguard/$NAME.conf"; wireguard down "$NAME" 2> /dev/null',
    )
    expect(code).toBe(0)
    expect(stdout).toContain('10.8.99.1/32')
    expect(stdout).toContain('DNS = 10.8.0.1')
    expect(stdout).not.toContain('FwMark')
  }, 60_000)

  it('says that /proc/sys is read-only only if something depends on it', async () => {
    const { stderr, stdout, code } = await run(
      'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done' +
        '; mount -o bind,ro /proc/sys /proc/sys; ip rule > /tmp/rules.$$' +
        '; wireguard up "$NAME" || echo refused; ip rule | diff - /tmp/rules.$$; rm /tmp/rules.$$' +
        '; ip -br link | grep -c "^$NAME" || true; umount /proc/sys' +
        '; for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 2 > $f; done' +
        '; mount -o bind,ro /proc/sys /proc/sys; wireguard up "$NAME" 2> /dev/null' +
        '; wireguard down "$NAME" 2> /dev/null; echo done',
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'refused\n0\ndone\n' })
    expect(stderr).toContain('--sysctl net.ipv4.conf.all.src_valid_mark=1')
  }, 60_000)

  it('undoes what it did when a signal ends it', async () => {
    const file = tunnelText('0.0.0.0/0', ['PostUp = sleep 100'])
    const { stdout, stderr, code } = await run(
      'ip rule > /tmp/rules.$$; "$NODE" "$BIN" up "$NAME" & pid=$!' +
        '; while ! ip rule | grep -q 51820; do sleep 0.05; done; kill -TERM $pid; wait $pid || echo ended with $?' +
        '; ip rule | diff - /tmp/rules.$$; rm /tmp/rules.$$; ip -br link | grep -c "^$NAME" || true',
      file,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ended with 1\n0\n' })
    expect(stderr).toContain('aborted')
  }, 60_000)

  it.each([
    ['up', 'Usage: wireguard up NAME | FILE'],
    ['up a b', 'Usage: wireguard up NAME | FILE'],
    ['up --no-hook wg0', 'unknown option "--no-hook"'],
    ['up --dns maybe wg0', '--dns: expected auto, resolved, resolvconf, file or off'],
    ['up racknerd2_mailbox', '"racknerd2_mailbox": an interface name has at most 15 bytes'],
    ['up ./racknerd2_mailbox.conf', 'at most 15 bytes'],
    ['up /etc/hosts', 'expected the name of an interface and .conf'],
    ['up nosuchfile', 'cannot read "/etc/wireguard/nosuchfile.conf"'],
    ['strip nosuchfile', 'fopen: No such file or directory'],
  ])('`%s` fails', async (line, message) => {
    const { stdout, stderr, code } = await run(`wireguard ${line}`)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('starts no program but the userspace implementation', async () => {
    const { stdout, code } = await run(
      'strace -qq -f -e trace=execve,execveat -o /tmp/execs.$$ "$NODE" "$BIN" up "$NAME" 2> /dev/null &' +
        'while ! grep -q nameserver.10 /etc/resolv.conf; do sleep 0.05; done; sleep 0.3' +
        '; wireguard down "$NAME" 2> /dev/null; wait; grep ") *= 0" /tmp/execs.$$; rm /tmp/execs.$$',
    )
    const programs = [...stdout.matchAll(/execve\("(?:[^"]*\/)?([^"]+)"/g)].map(([, name]) => name)
    // The two in the middle are for what the implementation prints.
    expect({ code, programs }).toEqual({
      code: 0,
      programs: ['node', 'mkfifo', 'tail', 'wireguard-go'],
    })
  }, 60_000)

  it('finds that nothing is up', async () => {
    const { stderr, code } = await run('wireguard down "$NAME"')
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'wireguard: NAME is not up\n' })
  })
})
