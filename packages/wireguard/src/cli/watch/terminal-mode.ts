import { writeSync } from 'node:fs'
import type { ReadStream, WriteStream } from 'node:tty'

/** The alternate screen, no cursor, and no line breaks at the right edge: xterm's private modes. */
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[2J'
const LEAVE = '\u001B[0m\u001B[?7h\u001B[?25h\u001B[?1049l'

/** Takes a terminal for a view that fills it, and gives it back as it was. */
export class TerminalMode implements Disposable {
  readonly #input: ReadStream | undefined
  readonly #output: WriteStream
  readonly #fd: number
  #isTaken = false

  /**
   * @param input where keys come from; undefined: nowhere
   * @param fd the descriptor of the output
   */
  constructor(input: ReadStream | undefined, output: WriteStream, fd: number) {
    this.#input = input
    this.#output = output
    this.#fd = fd
    process.on('exit', this.leave)
    // The message of a crash has to be on the screen that remains.
    process.prependListener('uncaughtException', this.leave)
  }

  /** Whether the terminal is taken, and not given back. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  /** Takes the terminal. */
  readonly enter = (): void => {
    if (this.#isTaken) return
    this.#isTaken = true
    this.#input?.setRawMode(true)
    this.#output.write(ENTER)
  }

  /** Gives the terminal back, at once: the process may be about to end. */
  readonly leave = (): void => {
    if (!this.#isTaken) return
    this.#isTaken = false
    try {
      this.#input?.setRawMode(false)
      writeSync(this.#fd, LEAVE)
    } catch {
      // The terminal is gone.
    }
  }

  /** Stops the process as Ctrl-Z does, and takes the terminal again when it goes on. */
  suspend(): void {
    this.leave()
    // The whole group, as the terminal does: a shell waits for all of it.
    process.kill(0, 'SIGTSTP')
    setImmediate(this.enter)
  }

  /** Gives the terminal back for good. */
  [Symbol.dispose](): void {
    this.leave()
    process.off('exit', this.leave)
    process.off('uncaughtException', this.leave)
  }
}
