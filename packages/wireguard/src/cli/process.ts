import { fstatSync, writeSync } from 'node:fs'
import { rawArguments } from './arguments.js'
import { FileOutput } from './file-output.js'
import { CLOSED_PIPE, describe, main } from './main.js'

/** Runs the command in this process. @param program the name by which it was called */
export async function runProcess(program: string): Promise<void> {
  // What no call was waiting for is a bug; wg(8) has no stack traces.
  process.once('uncaughtException', (error) => {
    void describe(error, program).then((text) => {
      try {
        writeSync(2, `${text}\n`)
      } finally {
        process.exit(1)
      }
    })
  })
  let stdout: typeof process.stdout | FileOutput | undefined
  const streams = {
    // Getters, because the first access to each stream takes time.
    get stdin() {
      return process.stdin
    },
    hasDescriptors: true,
    get stdout() {
      stdout ??= fstatSync(1).isFile() ? new FileOutput(1) : process.stdout
      return stdout
    },
    get stderr() {
      return process.stderr
    },
    env: process.env,
    program,
  }
  process.exitCode = await main(rawArguments(process.argv.slice(2)), streams)
  if (process.exitCode === CLOSED_PIPE) endBySignal('SIGPIPE')
}

/** Ends the process as the signal does by default. Node ignores it. */
function endBySignal(signal: NodeJS.Signals): void {
  // The last listener that is taken off leaves the default of the system.
  process.once(signal, () => {})
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}
