import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** The URL of a module of a built package, for code that runs anywhere: `built('wireguard')`. */
export function built(name: 'wireguard' | 'wireguardcfg', entry = 'index'): string {
  return pathToFileURL(`${ROOT}packages/${name}/dist/${entry}.js`).href
}

/** Another process of Node, which answers questions by code that runs the built packages. */
export class OtherProcess implements AsyncDisposable {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param code of a module that defines `globalThis.answer`, an async function */
  static async start(code: string): Promise<OtherProcess> {
    const serve = `process.on('message', async (question) => {
      process.send({ answer: await globalThis.answer(question) })
    })
    process.send('ready')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', `${code}\n${serve}`], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    await once(child, 'message')
    return new OtherProcess(child)
  }

  get pid(): number {
    return this.#child.pid!
  }

  async ask(question: unknown): Promise<unknown> {
    this.#child.send(question as object)
    const [{ answer }] = (await once(this.#child, 'message')) as [{ readonly answer: unknown }]
    return answer
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill('SIGKILL')
  }
}
