import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Another process that listens on a socket and never answers. */
export interface ListenerProcess extends AsyncDisposable {
  kill(signal: NodeJS.Signals): void
  /** Kills it with SIGKILL, which leaves its socket stale. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts it; resolves when it listens. */
export async function startListener(path: string, backlog = 100): Promise<ListenerProcess> {
  const program = `require('node:net').createServer().listen(
    { path: process.argv[1], backlog: Number(process.argv[2]) }, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', program, path, String(backlog)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  await Promise.race([
    once(child.stdout, 'data'),
    closed.then(() => {
      throw new Error('the listener ended at once')
    }),
  ])
  return {
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}
