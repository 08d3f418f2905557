// The command as a process: its output, its arguments as bytes, and how signals end it.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CommandResult, runCommand } from '../../../../test-fixtures/command.js'
import { type TemporaryDirectory, temporaryDirectory } from '../../../../test-fixtures/directory.js'
import { describeWith } from '../../../../test-fixtures/require.js'
import { BIN, hasBin } from './bin.js'

const TIMEOUT = 60_000

/** Runs a script, in which `wireguard` is the command, and $0 a folder. */
function shell(script: string, folder: string): Promise<CommandResult> {
  const alias = `wireguard() { "${process.execPath}" "${BIN}" "$@"; }`
  return runCommand(['bash', '-c', `${alias}; ${script}`, folder])
}

describeWith(hasBin, 'the command as a process', () => {
  let temporary: TemporaryDirectory
  beforeAll(async () => {
    temporary = await temporaryDirectory()
  })
  afterAll(() => temporary[Symbol.asyncDispose]())
  const run = (script: string) => shell(script, temporary.path)

  it.each(['genkey', '--help', '--version', 'set --help', 'check "$0/bad.conf"'])(
    'reports a full disk: %s',
    async (line) => {
      await writeFile(join(temporary.path, 'bad.conf'), 'bogus\n')
      await expect(run(`wireguard ${line} >/dev/full`)).resolves.toStrictEqual({
        stdout: '',
        stderr: 'write: No space left on device\n',
        code: 1,
      })
    },
    TIMEOUT,
  )

  it(
    'reports a disk that takes only a part of the output',
    async () => {
      const path = join(temporary.path, 'many.conf')
      await writeFile(path, 'bogus\n'.repeat(1000))
      // Node ignores the signal of the limit, as if the disk were full after so many bytes.
      const script = `ulimit -f 4; wireguard check "$0/many.conf" >"$0/output"`
      await expect(run(script)).resolves.toStrictEqual({
        stdout: '',
        stderr: 'write: File too large\n',
        code: 1,
      })
      expect((await readFile(join(temporary.path, 'output'))).byteLength).toBe(4096)
    },
    TIMEOUT,
  )

  it.each(['>&-', '2>&-', '2>/dev/full', '</', '<&-', '>&- 2>&- <&-'])(
    'never prints a stack trace: %s',
    async (redirection) => {
      for (const line of ['genkey', 'pubkey', 'bogus', 'check /dev/stdin']) {
        const { stdout, stderr, code } = await run(`{ wireguard ${line}; } ${redirection}`)
        expect(stdout + stderr).not.toMatch(/node:|^ {4}at |Error:/m)
        expect([0, 1]).toContain(code)
      }
    },
    TIMEOUT,
  )

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'is ended by %s as wg is',
    async (signal) => {
      const pipe = join(temporary.path, signal)
      await runCommand(['mkfifo', pipe])
      const child = spawn(process.execPath, [BIN, 'check', pipe], { cwd: temporary.path })
      const ended = once(child, 'close')
      // Opens when the command has opened it too, which then waits for what it says.
      await using _ = await open(pipe, 'w')
      child.kill(signal)
      await expect(ended).resolves.toStrictEqual([null, signal])
    },
    TIMEOUT,
  )

  it(
    'is ended by SIGPIPE when its reader goes away, as wg is',
    async () => {
      const child = spawn(process.execPath, [BIN, '--help'])
      const ended = once(child, 'close')
      child.stdout.destroy()
      await expect(ended).resolves.toStrictEqual([null, 'SIGPIPE'])
    },
    TIMEOUT,
  )

  it(
    'reads the file of any name, and shows the bytes that are not UTF-8',
    async () => {
      const script = String.raw`cd "$0"; echo bogus >$'caf\xe9.conf'; cp $'caf\xe9.conf' é.conf
        wireguard check $'caf\xe9.conf' é.conf; wireguard $'x\xe9'; wireguard show $'wg\xe9'`
      const { stdout, stderr } = await run(script)
      expect(stdout.split('\n').map((line) => line.split(':')[0])).toStrictEqual([
        String.raw`caf\xe9.conf`,
        String.raw`caf\xe9.conf`,
        'é.conf',
        'é.conf',
        '',
      ])
      expect(stderr).toContain(String.raw`Invalid subcommand: ${'`'}x\xe9'`)
      expect(stderr).toContain(String.raw`interface name "wg\xe9": expected UTF-8`)
    },
    TIMEOUT,
  )
})
