import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UapiClient } from 'wireguardcfg'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { startWireGuardGo, type WireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { BIN, hasBin } from '../cli/bin.js'
import { unordered } from '../cli/normalize.js'
import { loadedModules } from '../support/loaded-modules.js'
import { samplePeers } from '../../../../test-fixtures/sample.js'

const TIMEOUT = 120_000

/** Scripts as people write them for wg. They print what is the same at every run. */
const SCRIPTS: readonly (readonly [string, string])[] = [
  [
    'process substitution',
    `private=AEpEcmuDgL1kkBkVbtZZFJgJWFeM1X8Fa83ZdZSrtV0=
     wg set "$device" private-key <(echo "$private") peer "$peer" preshared-key <(wg genpsk) allowed-ips 10.0.0.2/32
     wg show "$device" public-key; wg show "$device" allowed-ips
     wg setconf "$device" <(printf '[Interface]\\nListenPort = 51900\\n[Peer]\\nPublicKey = %s\\n' "$peer")
     wg showconf "$device"; wg syncconf "$device" <(wg showconf "$device"); wg showconf "$device"`,
  ],
  [
    'pipes',
    `umask 077; wg genkey | tee private | wg pubkey >public; wc -c <private; wc -c <public
     wg set "$device" listen-port 51901 private-key private
     [ "$(wg show "$device" public-key)" = "$(cat public)" ] && echo same
     wg genpsk | wg set "$device" peer "$peer" preshared-key /dev/stdin
     [ "$(wg show "$device" preshared-keys | cut -f 2)" != "(none)" ] && echo set
     wg showconf "$device" | grep -v Key | wg addconf "$device" /dev/stdin; echo $?
     wg showconf "$device" | wg setconf "$device" /dev/fd/0; echo $?
     wg set "$device" peer "$peer" remove private-key /dev/null; echo $?`,
  ],
  [
    'files that hold nothing',
    `echo AEpEcmuDgL1kkBkVbtZZFJgJWFeM1X8Fa83ZdZSrtV0= >key; : >empty
     state() { wg show "$device" private-key; wg show "$device" preshared-keys | cut -f 2; }
     wg set "$device" private-key key peer "$peer" preshared-key key
     wg set "$device" private-key <(false); echo "$?"; state
     true | wg set "$device" private-key /dev/stdin; echo "$?"; state
     wg set "$device" peer "$peer" preshared-key <(false); echo "$?"; state
     wg set "$device" private-key /dev/stdin <&-; echo "$?"; state
     wg setconf "$device" /dev/stdin <&-; echo "$?"; state
     wg syncconf "$device" /dev/fd/0 <&-; echo "$?"; state
     cat key | wg set "$device" private-key /dev/stdin peer "$peer" preshared-key /dev/stdin
     echo "$?"; state
     wg set "$device" private-key /dev/stdin peer "$peer" preshared-key /dev/stdin <key
     echo "$?"; state
     wg set "$device" private-key empty peer "$peer" preshared-key /dev/null; echo "$?"; state`,
  ],
  [
    'loops over a dump',
    `wg set "$device" listen-port 51902 peer "$peer" endpoint 192.0.2.1:7 allowed-ips 10.0.0.2/32,fd00::2/128 persistent-keepalive 25
     wg show all dump | while IFS=$'\\t' read -r name key psk endpoint ips handshake rx tx keepalive; do
       [ "$name" = "$device" ] && [ -n "$rx" ] && echo "$key at $endpoint: $ips $((rx + tx)) $keepalive $handshake"
     done
     wg show "$device" dump | tail -n +2 | awk '{ print $1, $8 }'
     while read -r key time; do [ "$time" -eq 0 ] && echo "$key never"; done < <(wg show "$device" latest-handshakes)`,
  ],
  [
    'conditions on the exit code',
    `wg show "$device" >/dev/null && echo here
     wg show nosuchdevice 2>/dev/null || echo "not here: $?"
     wg set "$device" peer x 2>&1 || echo "failed: $?"
     set -e -o pipefail; wg show interfaces | grep -qw "$device" && echo listed
     echo x | wg pubkey 2>/dev/null || echo "no key"`,
  ],
]

describeWith([hasWireGuardGo, hasWg, hasBin], 'scripts written for wg', () => {
  let temporary: TemporaryDirectory
  let folder: string
  let devices: readonly [WireGuardGo, WireGuardGo]
  beforeAll(async () => {
    temporary = await temporaryDirectory()
    folder = temporary.path
    const shim = join(folder, 'wg')
    await writeFile(shim, `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
    await chmod(shim, 0o755)
    devices = [await startWireGuardGo(), await startWireGuardGo()]
  }, TIMEOUT)
  afterAll(async () => {
    await Promise.all(devices.map((device) => device.stop()))
    await temporary[Symbol.asyncDispose]()
  }, TIMEOUT)

  it.each(SCRIPTS)(
    'that use %s do the same with the command',
    async (_, script) => {
      const run = (path: string, device: WireGuardGo) => runScript(script, path, device)
      const ours = await run(`${folder}:${process.env['PATH']}`, devices[0])
      const theirs = await run(process.env['PATH'] ?? '', devices[1])
      expect(ours).toStrictEqual(theirs)
      expect(ours.stdout).not.toBe('')
    },
    TIMEOUT,
  )

  async function runScript(
    script: string,
    path: string,
    { name }: WireGuardGo,
  ): Promise<CommandResult> {
    const work = await mkdtemp(join(folder, 'work-'))
    const peer = samplePeers(1)[0]!.publicKey
    const env = { PATH: path, device: name, peer }
    const result = await runCommand(['bash', '-c', `cd ${work}; ${script}`], { env })
    const text = (output: string) => output.replaceAll(name, 'DEVICE')
    return { ...result, stdout: text(result.stdout), stderr: text(result.stderr) }
  }

  describe('a reader that stops early', () => {
    it(
      'ends the command quietly',
      async () => {
        const { name } = devices[0]
        await using client = new UapiClient()
        await client.configureDevice(name, { peers: samplePeers(3000) })
        const script = `"${process.execPath}" "${BIN}" show ${name} dump | head -n 1 | wc -l; echo \${PIPESTATUS[0]}`
        const { stdout, stderr } = await runCommand(['bash', '-c', script])
        // As a shell reports wg, which SIGPIPE ends.
        expect(stdout).toBe('1\n141\n')
        expect(stderr).toBe('')
      },
      TIMEOUT,
    )

    it(
      'that is only slow gets everything',
      async () => {
        const { name } = devices[0]
        const script = `"${process.execPath}" "${BIN}" show ${name} dump | (sleep 1; wc -l)`
        const { stdout } = await runCommand(['bash', '-c', script])
        expect(stdout).toBe('3001\n')
      },
      TIMEOUT,
    )
  })

  it.each([
    ['show', 'DEVICE'],
    ['show', 'DEVICE', 'dump'],
    ['set', 'DEVICE', 'fwmark', '1'],
    ['genkey'],
  ])(
    'load neither zod nor koffi for a userspace device: %s %s %s %s',
    async (...args) => {
      const argv = args.map((arg) => (arg === 'DEVICE' ? devices[1].name : arg))
      const modules = (await loadedModules([BIN, ...argv])).join('\n')
      expect(modules).toContain('dist/cli/bin.js')
      // The other file of wireguardnl only loads this one, for kernel devices.
      expect(modules).not.toMatch(/zod|koffi|wireguardnl\/dist\/index/)
    },
    TIMEOUT,
  )
})

describeWith([hasWireGuardGo, hasWg, hasBin], 'all interfaces, of the command and of wg', () => {
  const devices: WireGuardGo[] = []
  beforeAll(async () => {
    await using client = new UapiClient()
    for (const i of [1, 2, 3]) {
      const device = await startWireGuardGo()
      devices.push(device)
      await client.configureDevice(device.name, { listenPort: 51910 + i, peers: samplePeers(i) })
    }
  }, TIMEOUT)
  afterAll(async () => {
    await Promise.all(devices.map((device) => device.stop()))
  }, TIMEOUT)

  // The order of sockets is that of the directory for wg, and sorted for us; and wg 1.0.20210914
  // prints the name only once in "show all endpoints".
  it.each([
    [],
    ['show'],
    ['show', 'all'],
    ['show', 'all', 'dump'],
    ['show', 'all', 'listen-port'],
    ['show', 'all', 'transfer'],
    ['show', 'all', 'allowed-ips'],
    ['show', 'all', 'peers'],
    ['show', 'all', 'bogus'],
  ])(
    '%s %s %s',
    async (...args) => {
      const argv = args.filter((arg) => typeof arg === 'string')
      const ours = await isolated([process.execPath, BIN, ...argv])
      const theirs = await isolated(['wg', ...argv])
      expect(unordered(ours.stdout)).toBe(unordered(theirs.stdout))
      expect(ours.stderr.replace(/^Usage: [^]*/m, '')).toBe(
        theirs.stderr.replace(/^Usage: [^]*/m, ''),
      )
      expect(ours.code).toBe(theirs.code)
    },
    TIMEOUT,
  )

  it(
    'show interfaces',
    async () => {
      const names = devices.map(({ name }) => name).toSorted()
      const ours = await isolated([process.execPath, BIN, 'show', 'interfaces'])
      expect(ours.stdout).toBe(`${names.join(' ')}\n`)
      const theirs = await isolated(['wg', 'show', 'interfaces'])
      expect(theirs.stdout.trim().split(' ').toSorted()).toStrictEqual(names)
    },
    TIMEOUT,
  )

  /** Runs a program that sees the sockets of these devices alone. */
  function isolated(command: readonly string[]): Promise<CommandResult> {
    const names = devices.map(({ name }) => name).join(' ')
    const script = `set -e; keep=$(mktemp -d); mount --bind /run/wireguard $keep
      mount -t tmpfs tmpfs /run/wireguard
      for name in ${names}; do
        touch /run/wireguard/$name.sock; mount --bind $keep/$name.sock /run/wireguard/$name.sock
      done
      umount $keep; rmdir $keep; exec "$@"`
    return runCommand(['unshare', '-m', 'sh', '-c', script, 'sh', ...command])
  }
})
