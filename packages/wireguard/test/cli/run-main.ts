import { Readable, Writable } from 'node:stream'
import { main } from '../../src/cli/main.js'
import type { CommandStreams } from '../../src/cli/context.js'
import { WireGuard } from '../../src/wireguard.js'
import type { CommandResult } from '../../../../test-fixtures/command.js'

/** What a run of the command is given. */
export interface RunOptions extends Pick<
  Partial<CommandStreams>,
  'ended' | 'env' | 'lookup' | 'open' | 'program' | 'stderr'
> {
  /** Standard input; absent: empty. */
  readonly input?: string
  /**
   * Where userspace devices are looked for, and nowhere else; absent: as the command does by
   * itself.
   */
  readonly directory?: string
  readonly isTTY?: boolean
}

/** Runs the command in this process. */
export async function runMain(
  argv: readonly string[],
  { input = '', directory, isTTY = false, env = {}, ...rest }: RunOptions = {},
): Promise<CommandResult> {
  const stdout = new Collector()
  const stderr = new Collector()
  const code = await main(argv, {
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    stdout: Object.assign(stdout, { isTTY }),
    stderr,
    env,
    ...(directory === undefined
      ? {}
      : {
          open: () => WireGuard.open({ socketDirectory: directory, backends: ['userspace'] }),
        }),
    ...rest,
  })
  return { stdout: stdout.text, stderr: stderr.text, code }
}

class Collector extends Writable {
  readonly #chunks: Buffer[] = []

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk)
    done()
  }
}
