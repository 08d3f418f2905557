import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '../../../../test-fixtures/wait.js'

const run = promisify(execFile)

/** What a program can change about a terminal and has to give back. */
export interface TerminalFlags {
  readonly isAlternate: boolean
  readonly hasCursor: boolean
  readonly wraps: boolean
  /** The lines of `stty -a` about characters that are typed. */
  readonly settings: string
}

/** A terminal of tmux with a shell in it. */
export class Terminal implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'wireguard-tmux-'))

  private constructor() {}

  /** Starts a shell, with variables of the environment. */
  static async open(
    columns: number,
    rows: number,
    env: Readonly<Record<string, string>> = {},
  ): Promise<Terminal> {
    const terminal = new Terminal()
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    const size = ['-x', String(columns), '-y', String(rows)]
    await terminal.#tmux('-f', '/dev/null', '-u', 'new-session', '-d', ...size, ...variables, SHELL)
    try {
      await terminal.untilShows(/^ready>$/m)
    } catch (error) {
      await terminal[Symbol.asyncDispose]()
      throw error
    }
    return terminal
  }

  /** Types a line. */
  async enter(line: string): Promise<void> {
    await this.#tmux('send-keys', '-l', line)
    await this.press('Enter')
  }

  /** Presses keys, by the names that tmux gives them. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** The lines of the screen. */
  async lines(isStyled = false): Promise<string[]> {
    const { stdout } = await this.#tmux('capture-pane', '-p', ...(isStyled ? ['-e'] : []))
    return stdout.split('\n').slice(0, -1)
  }

  /** Waits until the screen has a text, and returns its lines. */
  async untilShows(text: string | RegExp): Promise<string[]> {
    let lines: string[] = []
    const isShown = async (): Promise<boolean> => {
      lines = await this.lines()
      const screen = lines.join('\n')
      return typeof text === 'string' ? screen.includes(text) : text.test(screen)
    }
    try {
      await until(isShown, `the terminal shows ${String(text)}`, 15_000)
    } catch (error) {
      throw new Error(`${String(error)}; it shows:\n${lines.join('\n')}`, { cause: error })
    }
    return lines
  }

  /** What a program has to give back. */
  async flags(): Promise<TerminalFlags> {
    const format = '#{alternate_on} #{cursor_flag} #{wrap_flag} #{pane_tty}'
    const { stdout } = await this.#tmux('display-message', '-p', format)
    const [alternate, cursor, wrap, tty] = stdout.trim().split(' ')
    const { stdout: settings } = await run('stty', ['-a', '-F', tty!])
    return {
      isAlternate: alternate === '1',
      hasCursor: cursor === '1',
      wraps: wrap === '1',
      // Its first line has the size.
      settings: settings.replace(/^.*\n/, ''),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server').catch(() => {})
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #tmux(...args: string[]): Promise<{ readonly stdout: string }> {
    return run('tmux', ['-S', join(this.#directory, 'socket'), ...args])
  }
}

const SHELL = `env PS1='ready>' bash --norc --noprofile`
