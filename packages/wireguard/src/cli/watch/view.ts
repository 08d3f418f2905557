import { ReadStream, WriteStream } from 'node:tty'
import { MOST_PEERS } from 'wireguardcfg/internal'
import type { Watcher } from '../../watch/watcher.js'
import type { WireGuard } from '../../wireguard.js'
import type { CommandContext } from '../context.js'
import { onEnd } from '../ending.js'
import { chosenRows, type Choice, INITIAL, keysOf, press } from './choice.js'
import { Live } from './live.js'
import type { PeerNames } from './names.js'
import { drawScreen, pageOf, type Size } from './screen.js'
import { TerminalMode } from './terminal-mode.js'

/** Milliseconds between two reads, and between two frames when nothing happens. */
const INTERVAL = 1000
/** Milliseconds after an event until it is shown, with those that follow it. */
const SOON = 50

/** What is shown. */
export interface ViewRequest {
  /** The interfaces; undefined: all. */
  readonly devices: readonly string[] | undefined
  readonly names: PeerNames
}

/** Returns the terminal of the command; undefined: its output is none, or one that cannot move. */
export function terminalOf({ streams }: CommandContext): WriteStream | undefined {
  const { stdout, env } = streams
  return stdout instanceof WriteStream && env['TERM'] !== 'dumb' ? stdout : undefined
}

/** Shows interfaces and peers on a terminal until the user or a signal ends it. */
export async function showView(
  wg: WireGuard,
  output: WriteStream,
  { devices, names }: ViewRequest,
  context: CommandContext,
): Promise<void> {
  const { stdin, stdout, env } = context.streams
  const input = stdin instanceof ReadStream ? stdin : undefined
  const watcher = wg.watch({
    devices,
    interval: INTERVAL,
    traffic: true,
    snapshotPeers: MOST_PEERS,
  })
  using mode = new TerminalMode(input, output, stdout.fd ?? 1)
  const live = new Live()
  const view = new View(output, watcher, live, names, !hasNoColour(env))
  const close = (): void => void watcher.return()
  // Not into the screen of the shell while the command is suspended.
  const draw = (): void => {
    if (mode.isTaken) view.draw()
  }
  const onKeys = (text: string): void => {
    for (const key of keysOf(text)) {
      const effect = view.press(key)
      if (effect === 'quit') close()
      else if (effect === 'suspend') mode.suspend()
    }
    draw()
  }
  const resume = (): void => {
    mode.enter()
    draw()
  }
  let soon: NodeJS.Timeout | undefined
  const drawSoon = (): void => {
    soon ??= setTimeout(() => {
      soon = undefined
      draw()
    }, SOON)
  }
  const timer = setInterval(draw, INTERVAL)
  output.on('resize', draw)
  process.on('SIGCONT', resume)
  input?.setEncoding('utf8').on('data', onKeys).once('end', close)
  const stopListening = onEnd(context, close)
  // The terminal was closed.
  process.once('SIGHUP', close)
  try {
    resume()
    for await (const event of watcher) {
      live.apply(event)
      if (event.type === 'device-added') await names.addDevice(event.device)
      drawSoon()
    }
  } finally {
    clearInterval(timer)
    clearTimeout(soon)
    stopListening()
    output.off('resize', draw)
    process.off('SIGCONT', resume)
    process.off('SIGHUP', close)
    input?.off('data', onKeys).off('end', close).pause()
  }
}

/** See https://no-color.org; the other variable is that of wg(8). */
function hasNoColour(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env['NO_COLOR'] ?? '') !== '' || env['WG_COLOR_MODE'] === 'never'
}

/** What is on the screen, and what the user has chosen. */
class View {
  readonly #output: WriteStream
  readonly #watcher: Watcher
  readonly #live: Live
  readonly #names: PeerNames
  readonly #isColoured: boolean
  #choice: Choice = INITIAL

  constructor(
    output: WriteStream,
    watcher: Watcher,
    live: Live,
    names: PeerNames,
    isColoured: boolean,
  ) {
    this.#output = output
    this.#watcher = watcher
    this.#live = live
    this.#names = names
    this.#isColoured = isColoured
  }

  get #size(): Size {
    const { columns, rows } = this.#output
    // A terminal that does not know its size says 0.
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 }
  }

  /** Takes a key. Returns what else it does. */
  press(key: string): 'quit' | 'suspend' | undefined {
    const effect = press(key, this.#choice, pageOf(this.#size))
    if (effect === 'quit' || effect === 'suspend') return effect
    if (effect === 'redraw') this.#output.write('\u001B[2J')
    else this.#choice = effect
    return undefined
  }

  draw(): void {
    // A terminal that is slow gets fewer frames.
    if (this.#output.writableNeedDrain) return
    const now = Date.now()
    const all = this.#live.rows(
      {
        snapshot: (name) => this.#watcher.snapshot(name),
        nameOf: (publicKey) => this.#names.get(publicKey),
      },
      now,
    )
    const rows = chosenRows(all, this.#choice)
    const last = Math.max(0, rows.length - pageOf(this.#size))
    this.#choice = { ...this.#choice, top: Math.min(this.#choice.top, last) }
    const content = {
      devices: this.#live.devices.length,
      all,
      rows,
      choice: this.#choice,
      errors: this.#live.errors,
      clock: new Date(now).toTimeString().slice(0, 8),
    }
    this.#output.write(drawScreen(content, this.#size, this.#isColoured))
  }
}
