import { spawn } from 'node:child_process'

/** The output of a program and how it ended. */
export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  /** The exit status, or the name of the signal that ended it. */
  readonly code: number | NodeJS.Signals
}

/** Options of a program. */
export interface CommandOptions {
  /** Its standard input, also by the name /dev/stdin; absent: empty. */
  readonly input?: string
  /** Added to the environment. */
  readonly env?: NodeJS.ProcessEnv
  /**
   * Milliseconds after which it is killed; default 60,000, generous because virtual machines are
   * slow.
   */
  readonly timeout?: number
}

/**
 * Runs a program to its end. A status other than 0 is a result; rejects only when the program
 * cannot be started.
 */
export function runCommand(
  command: readonly [string, ...string[]],
  { input, env, timeout = 60_000 }: CommandOptions = {},
): Promise<CommandResult> {
  // Node's stdin for a child is a socket, which cannot be opened again by the name /dev/stdin; cat
  // makes a real pipe of it.
  const [file, ...args] =
    input === undefined ? command : ['sh', '-c', 'cat | "$@"', 'sh', ...command]
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      timeout,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (status, signal) => {
      resolve({ stdout, stderr, code: status ?? signal ?? 'SIGKILL' })
    })
    // A program that never reads its input closes the pipe under us; its own exit says what
    // happened.
    child.stdin.on('error', () => {}).end(input)
  })
}
