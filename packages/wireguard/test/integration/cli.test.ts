import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { describeWith, hasWg, hasWireGuardGo } from '../../../../test-fixtures/require.js'
import { startWireGuardGo, type WireGuardGo } from '../../../../test-fixtures/wireguard-go.js'
import { BIN, hasBin } from '../cli/bin.js'
import { BAD_FILES } from '../cli/bad-files.js'
import { generatedFiles, generatedSetLines } from '../cli/generated.js'
import { generatedDeviceFile } from '../cli/large-file.js'
import { comparable, unordered } from '../cli/normalize.js'
import { oddSetLines } from '../cli/odd-lines.js'
import { type Difference, SET_LINES } from '../cli/set-lines.js'
import { runs } from '../../../../test-fixtures/runs.js'
import { presharedKeyOf } from '../../../../test-fixtures/sample.js'

const TIMEOUT = 180_000

const ours = (args: readonly string[]) => runCommand([process.execPath, BIN, ...args])
const theirs = (args: readonly string[]) => runCommand(['wg', ...args])

/** Two devices that are configured alike, one by wg, the other by the command. */
interface Pair {
  readonly theirs: WireGuardGo
  readonly ours: WireGuardGo
}

/** One thing to do to both devices. */
interface Step {
  /** NAME stands for the interface. */
  readonly args: readonly string[]
  readonly difference?: Difference | undefined
  /** The listen port is then random. */
  readonly hasNoPort?: boolean
  /** Only wg(8) takes it: the command must say why not, and change nothing. */
  readonly isRefused?: boolean
}

describeWith(
  [hasWireGuardGo, hasWg, hasBin],
  'the command compared with wg, as processes on wireguard-go',
  () => {
    let pairs: Pair[]
    let temporary: TemporaryDirectory
    let folder: string
    beforeAll(async () => {
      temporary = await temporaryDirectory()
      folder = temporary.path
      await writeFile(join(folder, 'FILE'), `${presharedKeyOf(1).toBase64()}\n \t`, { mode: 0o600 })
      await writeFile(join(folder, 'EMPTY'), '')
      await writeFile(join(folder, 'BAD'), 'no key\n')
      await writeFile(join(folder, 'LONG'), `${presharedKeyOf(1).toBase64()} x`)
      await writeFile(join(folder, 'BYTES'), `é${'A'.repeat(42)}`)
      pairs = await Promise.all(
        [0, 1].map(async () => ({
          theirs: await startWireGuardGo(),
          ours: await startWireGuardGo(),
        })),
      )
    }, TIMEOUT)
    afterAll(async () => {
      await Promise.all(pairs.flatMap((pair) => [pair.theirs.stop(), pair.ours.stop()]))
      await temporary[Symbol.asyncDispose]()
    }, TIMEOUT)

    beforeEach(async () => {
      const names = pairs.flatMap((pair) => [pair.theirs.name, pair.ours.name])
      await writeFile(join(folder, 'start.conf'), '[Interface]\nListenPort = 51800\n')
      for (const name of names) await theirs(['setconf', name, join(folder, 'start.conf')])
    }, TIMEOUT)

    /**
     * Everything that the two did not do alike; steps are dealt out to pairs, which work side by
     * side.
     */
    async function differences(steps: readonly Step[]): Promise<unknown[]> {
      const found: unknown[] = []
      const queue = steps.values()
      await Promise.all(
        pairs.map(async (pair) => {
          for (const step of queue) {
            const difference = await compare(pair, step)
            if (difference !== undefined) found.push({ step: step.args, ...difference })
          }
        }),
      )
      return found
    }

    async function compare(pair: Pair, step: Step) {
      const named = (name: string) =>
        step.args.map((arg) => (arg === 'NAME' ? name : FILES.has(arg) ? join(folder, arg) : arg))
      if (step.isRefused === true) {
        const before = await dump(pair.ours)
        const { stdout, stderr, code } = await ours(named(pair.ours.name))
        const isRefused = code === 1 && stdout === '' && /^.+\n$/.test(stderr)
        return isRefused && before === (await dump(pair.ours)) ? undefined : { stderr, code }
      }
      if (step.difference !== undefined) {
        const before = await dump(pair.ours, false)
        const { stdout, ...actual } = await ours(named(pair.ours.name))
        const after = await dump(pair.ours, false)
        const expected = { ...step.difference }
        const isSame = actual.code === expected.code && actual.stderr === expected.stderr
        return isSame && stdout === '' && before === after ? undefined : { actual, expected }
      }
      const [actual, expected] = (
        await Promise.all([ours(named(pair.ours.name)), theirs(named(pair.theirs.name))])
      ).map((result, i) => portable(result, i === 0 ? pair.ours : pair.theirs))
      const [device, expectedDevice] = await Promise.all([
        dump(pair.ours, step.hasNoPort),
        dump(pair.theirs, step.hasNoPort),
      ])
      const isSame =
        JSON.stringify(actual) === JSON.stringify(expected) && device === expectedDevice
      return isSame ? undefined : { actual, expected, device, expectedDevice }
    }

    it(
      'set: fixed command lines, most of them wrong',
      async () => {
        const steps = SET_LINES.map(([args, difference]) => ({
          args: ['set', 'NAME', ...args],
          difference,
        }))
        await expect(differences(steps)).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'set: a hundred generated command lines',
      async () => {
        const steps = generatedSetLines(100).map((args) => ({ args: ['set', 'NAME', ...args] }))
        await expect(differences(steps)).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'set: generated command lines with odd words and values',
      async () => {
        const lines = oddSetLines(runs(60).numRuns, ODD_SEED)
        const steps = lines.map(({ args, isRefused }) => ({
          args: ['set', 'NAME', ...args],
          isRefused,
        }))
        await expect(differences(steps)).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'setconf, addconf and syncconf: generated files',
      async () => {
        const files = generatedFiles(60)
        await Promise.all(files.map((text, i) => writeFile(join(folder, `${i}.conf`), text)))
        const steps = files.map((_, i) => ({
          args: [['setconf', 'addconf', 'syncconf'][i % 3]!, 'NAME', join(folder, `${i}.conf`)],
        }))
        await expect(differences(steps)).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'setconf: invalid files, and a missing one',
      async () => {
        const steps = await Promise.all(
          BAD_FILES.map(async ([text, difference], i) => {
            const path = join(folder, `bad${i}.conf`)
            await writeFile(path, text)
            return { args: ['setconf', 'NAME', path], difference }
          }),
        )
        const more = [
          { args: ['setconf', 'NAME', '/nonexistent'] },
          {
            args: ['setconf', 'NAME', '/'],
            difference: { code: 1, stderr: 'fopen: Is a directory\n' },
          },
          // Each gets a random port.
          { args: ['setconf', 'NAME', '/dev/null'], hasNoPort: true },
          { args: ['setconf', 'NAME', '/dev/null'], hasNoPort: true },
        ]
        await expect(differences([...steps, ...more])).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'wrong command lines',
      async () => {
        const steps = [
          ['bogus'],
          ['show', 'NAME', 'bogus'],
          ['show', 'NAME', 'dump', 'x'],
          ['show', 'interfaces', 'x'],
          ['set'],
          ['set', 'NAME'],
          ['setconf', 'NAME'],
          ['setconf', 'NAME', 'x', 'y'],
          ['showconf'],
          ['showconf', 'NAME', 'x'],
          ['genkey', 'x'],
          ['pubkey', 'x'],
        ].map((args) => ({ args }))
        await expect(differences(steps)).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )

    it(
      'setconf of a list of peers that needs many messages',
      async () => {
        const path = join(folder, 'large.conf')
        await writeFile(path, generatedDeviceFile(2000))
        await expect(
          differences([
            { args: ['setconf', 'NAME', path] },
            { args: ['show', 'NAME', 'dump'] },
            { args: ['showconf', 'NAME'] },
            { args: ['show', 'NAME'] },
          ]),
        ).resolves.toStrictEqual([])
      },
      TIMEOUT,
    )
  },
)

const FILES = new Set(['FILE', 'EMPTY', 'BAD', 'LONG', 'BYTES'])

/** The seed of the odd command lines; `WIREGUARD_TEST_SEED=5 npm test -- cli.test` has others. */
const ODD_SEED = Number(process.env['WIREGUARD_TEST_SEED'] ?? 13)

function portable(result: CommandResult, { name }: WireGuardGo): CommandResult {
  const { stdout, stderr, code } = comparable(result)
  return {
    stdout: unordered(stdout.replaceAll(name, 'NAME')),
    // It may be a mistyped secret, and is hidden here.
    stderr: stderr.replaceAll(name, 'NAME').replace(/(?<=^Key is not .*: )`.*'$/m, '(hidden)'),
    code,
  }
}

/** The device as the real wg shows it. */
async function dump({ name }: WireGuardGo, hasNoPort = false): Promise<string> {
  const { stdout } = await theirs(['show', name, 'dump'])
  const text = unordered(stdout)
  return hasNoPort ? text.replace(/\t[0-9]+(\t[0-9a-fx]+|\toff)$/m, '\tPORT$1') : text
}
