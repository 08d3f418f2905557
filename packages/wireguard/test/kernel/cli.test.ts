import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { chmod, copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasKernelWireGuard, hasWg } from '../../../../test-fixtures/require.js'
import { BIN, hasBin } from '../cli/bin.js'
import { BAD_FILES } from '../cli/bad-files.js'
import { generatedFiles, generatedSetLines } from '../cli/generated.js'
import { generatedDeviceFile } from '../cli/large-file.js'
import { comparable, unordered } from '../cli/normalize.js'
import { runMain } from '../cli/run-main.js'
import { SET_LINES } from '../cli/set-lines.js'
import { FIELD_NAMES } from '../../src/cli/usage.js'
import { presharedKeyOf, privateKeyOf, publicKeyOf } from '../../../../test-fixtures/sample.js'

/** One of so many lines is tried. */
const EVERY = process.env['WIREGUARD_TEST_FULL'] === '1' ? 2 : 6
// Node is about ten times slower in an emulated machine.
const TIMEOUT = 600_000

const OURS = 'wgcliours'
const THEIRS = 'wgclitheirs'

type Run = (args: readonly string[]) => Promise<CommandResult>

const inProcess: Run = (args) => runMain(args)
const asProcess: Run = (args) => runCommand([process.execPath, BIN, ...args])
const wg: Run = (args) => runCommand(['wg', ...args])

describeWith([hasKernelWireGuard, hasWg, hasBin], 'the command beside wg, on the kernel', () => {
  let temporary: TemporaryDirectory
  let folder: string
  beforeAll(async () => {
    temporary = await temporaryDirectory()
    folder = temporary.path
    await writeFile(join(folder, 'FILE'), `${presharedKeyOf(1).toBase64()}\n`, { mode: 0o600 })
    await writeFile(join(folder, 'EMPTY'), '')
    await writeFile(join(folder, 'BAD'), 'no key\n')
    await writeFile(join(folder, 'start.conf'), '[Interface]\nListenPort = 51800\n')
    // Both down, so that they can have the same port.
    for (const name of [OURS, THEIRS]) {
      await runCommand(['ip', 'link', 'add', name, 'type', 'wireguard'])
    }
  }, TIMEOUT)
  afterAll(async () => {
    for (const name of [OURS, THEIRS]) await runCommand(['ip', 'link', 'del', name])
    await temporary[Symbol.asyncDispose]()
  }, TIMEOUT)
  beforeEach(async () => {
    for (const name of [OURS, THEIRS]) await wg(['setconf', name, join(folder, 'start.conf')])
  }, TIMEOUT)

  /** What the two did not do alike. NAME stands for the interface. */
  async function differences(
    lines: readonly (readonly string[])[],
    ours: Run = inProcess,
  ): Promise<unknown[]> {
    const found: unknown[] = []
    for (const line of lines) {
      const named = (name: string) =>
        line.map((arg) => (arg === 'NAME' ? name : FILES.has(arg) ? join(folder, arg) : arg))
      // What concerns all interfaces names both.
      const portable = (result: CommandResult, name: string) =>
        line.includes('NAME') ? withoutName(result, name) : comparable(result)
      const actual = portable(await ours(named(OURS)), OURS)
      const expected = portable(await wg(named(THEIRS)), THEIRS)
      // After a failure natively the devices are compared as well; here every process takes its
      // time.
      const isChanged = expected.code === 0 && line[0] !== 'show'
      const [device, expectedDevice] = isChanged
        ? [await dump(OURS, line[0]!), await dump(THEIRS, line[0]!)]
        : []
      const isSame = JSON.stringify(actual) === JSON.stringify(expected)
      if (!isSame || device !== expectedDevice) {
        found.push({ line, actual, expected, device, expectedDevice })
      }
    }
    return found
  }

  it(
    'set: fixed and generated command lines',
    async () => {
      // One of some: all of them run natively.
      const fixed = SET_LINES.filter(
        ([, difference], i) => difference === undefined && i % EVERY === 0,
      )
      const lines = [...fixed.map(([args]) => args), ...generatedSetLines(60 / EVERY)]
      const steps = lines.map((args) => ['set', 'NAME', ...args])
      await expect(differences(steps)).resolves.toStrictEqual([])
    },
    TIMEOUT,
  )

  it(
    'setconf, addconf and syncconf: generated files, and some with something wrong in them',
    async () => {
      const bad = BAD_FILES.flatMap(([text, difference]) =>
        difference === undefined ? [text] : [],
      )
      const texts = [...generatedFiles(48 / EVERY), ...bad]
      await Promise.all(texts.map((text, i) => writeFile(join(folder, `${i}.conf`), text)))
      const lines = texts.map((_, i) => [
        ['setconf', 'addconf', 'syncconf'][i % 3]!,
        'NAME',
        join(folder, `${i}.conf`),
      ])
      await expect(differences(lines)).resolves.toStrictEqual([])
    },
    TIMEOUT,
  )

  it(
    'everything that shows a device, with the peers in the order of the kernel',
    async () => {
      const path = join(folder, 'large.conf')
      await writeFile(path, generatedDeviceFile(200))
      const lines = [
        ['setconf', 'NAME', path],
        ['show', 'NAME'],
        ...FIELD_NAMES.map((field) => ['show', 'NAME', field]),
        ['showconf', 'NAME'],
        // As in a file, so that nothing changes.
        ['syncconf', 'NAME', path],
      ]
      await expect(differences(lines)).resolves.toStrictEqual([])
    },
    TIMEOUT,
  )

  it(
    'a link-local endpoint keeps its zone',
    async () => {
      const line = ['set', 'NAME', 'peer', publicKeyOf(1), 'endpoint', '[fe80::1%lo]:7']
      await expect(
        differences([line, ['show', 'NAME', 'endpoints'], ['showconf', 'NAME']]),
      ).resolves.toStrictEqual([])
    },
    TIMEOUT,
  )

  it(
    'as processes, also for all interfaces and for those that do not exist',
    async () => {
      const lines = [
        [],
        ['show', 'all', 'dump'],
        ['show', 'all', 'transfer'],
        ['show', 'interfaces'],
        ['show', 'NAME'],
        ['show', 'nosuchdevice'],
        ['show', 'nosuchdevice', 'dump'],
        ['show', 'lo'],
        ['showconf', 'lo'],
        ['showconf', 'NAME'],
        ['set', 'lo', 'fwmark', '1'],
        ['set', 'nosuchdevice', 'fwmark', '1'],
        ['set', 'NAME', 'fwmark', '0x7', 'private-key', 'FILE'],
        ['set', 'NAME', 'fwmark', 'x'],
        ['set', 'NAME', 'peer', publicKeyOf(3), 'allowed-ips', '10.3.0.0/16'],
        ['setconf', 'nosuchdevice', '/dev/null'],
        ['syncconf', 'lo', '/dev/null'],
        ['addconf', 'NAME', '/nonexistent'],
        ['setconf', 'NAME', '/dev/null'],
        ['bogus'],
      ]
      await expect(differences(lines, asProcess)).resolves.toStrictEqual([])
    },
    TIMEOUT,
  )
})

describeWith(
  [hasKernelWireGuard, hasWg, hasBin],
  'wg-quick with the command in place of wg',
  () => {
    const NAME = 'wgquick0'
    const CONFIG = `[Interface]
Address = 10.77.0.1/24, fd77::1/64
PrivateKey = ${privateKeyOf(1).toBase64()}
ListenPort = 51877
Table = auto
PostUp = wg set %i fwmark 0x4d
SaveConfig = true # kept

[Peer]
# friendly_name = one
PublicKey = ${publicKeyOf(1)}
PresharedKey = ${presharedKeyOf(1).toBase64()}
AllowedIPs = 10.78.0.0/16, fd78::/64
Endpoint = 127.0.0.1:9
PersistentKeepalive = 25
`
    let temporary: TemporaryDirectory
    let folder: string
    let calls: string
    beforeAll(async () => {
      temporary = await temporaryDirectory()
      folder = temporary.path
      calls = join(folder, 'calls')
      // wg-quick puts its own folder first in PATH, so it goes beside the shim.
      await copyFile('/usr/bin/wg-quick', join(folder, 'wg-quick'))
      const shim = join(folder, 'wg')
      await writeFile(
        shim,
        `#!/bin/sh\necho "$@" >>"${calls}"\nexec "${process.execPath}" "${BIN}" "$@"\n`,
      )
      await chmod(shim, 0o755)
      await runCommand(['ip', 'link', 'set', 'lo', 'up'])
    }, TIMEOUT)
    afterAll(async () => {
      await runCommand(['ip', 'link', 'del', NAME])
      await temporary[Symbol.asyncDispose]()
    }, TIMEOUT)

    it(
      'does up, save, strip and down alike',
      async () => {
        const ours = await transcript(join(folder, 'wg-quick'))
        const called = await readFile(calls, 'utf8')
        const theirs = await transcript('/usr/bin/wg-quick')
        expect(ours).toStrictEqual(theirs)
        expect(ours.map(({ code }) => code)).toStrictEqual([0, 0, 0, 0, 0, 0, 0])
        // Both of these came to the shim; the second run did not.
        expect(called).toMatch(/^(?:addconf|setconf) wgquick0 \/dev\/fd\/\d+$/m)
        expect(called).toMatch(/^showconf wgquick0$/m)
        await expect(readFile(calls, 'utf8')).resolves.toBe(called)
      },
      TIMEOUT,
    )

    /** The results of everything that wg-quick does, with what can be seen of it. */
    async function transcript(quick: string): Promise<CommandResult[]> {
      const work = await mkdtemp(join(folder, 'work-'))
      const path = join(work, `${NAME}.conf`)
      await writeFile(path, CONFIG, { mode: 0o600 })
      const portableResult = (result: CommandResult): CommandResult => ({
        code: result.code,
        stdout: result.stdout.replaceAll(work, 'WORK'),
        stderr: result.stderr.replaceAll(work, 'WORK'),
      })
      const results: CommandResult[] = []
      for (const command of [
        [quick, 'strip', path],
        [quick, 'up', path],
        ['wg', 'showconf', NAME],
        ['ip', '-brief', 'address', 'show', 'dev', NAME],
        [quick, 'save', path],
        ['cat', path],
        [quick, 'down', path],
      ] as const) {
        results.push(portableResult(await runCommand([...command])))
      }
      return results
    }
  },
)

const FILES = new Set(['FILE', 'EMPTY', 'BAD'])

/**
 * The device as the real wg shows it. Where single allowed IPs were added, the kernel has them in
 * another order.
 */
async function dump(name: string, command: string): Promise<string> {
  const { stdout } = await wg(['show', name, 'dump'])
  return command === 'syncconf' ? unordered(stdout) : stdout
}

function withoutName(result: CommandResult, name: string): CommandResult {
  const { stdout, stderr, code } = comparable(result)
  return {
    stdout: stdout.replaceAll(name, 'NAME'),
    stderr: stderr.replaceAll(name, 'NAME'),
    code,
  }
}
