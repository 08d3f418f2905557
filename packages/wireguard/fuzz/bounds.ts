import { getHeapStatistics } from 'node:v8'
import { encodeInput } from './encoding.js'
import { type Session, type Value, Violation } from './target.js'

/** What one input may cost. */
export interface Bounds {
  /** Milliseconds of CPU time, and how many more for each kilobyte of the input. */
  readonly time: number
  readonly timePerKilobyte: number
  /** Milliseconds of CPU time in one turn of the event loop. */
  readonly turn: number
  /** Bytes of heap that an input may leave behind, and how many more for each of its own. */
  readonly heap: number
  readonly heapPerByte: number
}

/** Generous: they are about growth and loops, not about speed. */
export const BOUNDS: Bounds = {
  time: 300,
  timePerKilobyte: 25,
  turn: 150,
  heap: 48 * 2 ** 20,
  heapPerByte: 4000,
}

/** How often a measurement is repeated before it counts. The compiler and the collector err too. */
const REPETITIONS = 4

/**
 * Runs inputs of one session. Beside what the session itself demands, an input may not cost more
 * than its bounds, leave a handle or a timer behind, or be changed.
 */
export class Runner {
  readonly #session: Session<Value>
  readonly #bounds: Bounds | undefined
  readonly #turns = new LongestTurn()

  /** @param bounds absent: nothing is measured, for tests */
  constructor(session: Session<Value>, bounds?: Bounds) {
    // Node opens them at the first use, which is not to be counted.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
    this.#session = session
    this.#bounds = bounds
  }

  /** Throws what went wrong. */
  async run(input: Value, encoded = encodeInput(input)): Promise<void> {
    const excess = await this.#measure(input, encoded)
    if (excess === undefined) return
    let least = excess
    for (let i = 1; i < REPETITIONS; i++) {
      const again = await this.#measure(input, encoded)
      if (again === undefined) return
      least = again
    }
    throw new Violation(least)
  }

  close(): void {
    this.#turns.close()
  }

  /** Runs an input once. Returns how it exceeded its bounds. */
  async #measure(input: Value, encoded: string): Promise<string | undefined> {
    const open = openResources()
    const heap = getHeapStatistics().used_heap_size
    const start = process.cpuUsage()
    this.#turns.begin()
    const running = this.#session.run(input)
    if (running !== undefined) await running
    const turn = this.#turns.end()
    const time = milliseconds(process.cpuUsage(start))
    const grown = getHeapStatistics().used_heap_size - heap
    await settled(open)
    if (encodeInput(input) !== encoded) throw new Violation('the input was changed')
    return this.#bounds === undefined
      ? undefined
      : excessOf({ time, turn, grown, size: encoded.length }, this.#bounds)
  }
}

function excessOf(
  { time, turn, grown, size }: { time: number; turn: number; grown: number; size: number },
  bounds: Bounds,
): string | undefined {
  const mostTime = bounds.time + (bounds.timePerKilobyte * size) / 1024
  if (time > mostTime) return `took ${Math.round(time)} ms of CPU time for ${size} bytes`
  if (turn > bounds.turn + mostTime - bounds.time) {
    return `the event loop stood still for ${Math.round(turn)} ms of CPU time`
  }
  const mostHeap = bounds.heap + bounds.heapPerByte * size
  return grown > mostHeap ? `took ${grown >> 20} MB of heap for ${size} bytes` : undefined
}

/** Measures the longest turn of the event loop in CPU time, to which others do not add. */
class LongestTurn {
  #last = process.cpuUsage()
  #longest = 0
  readonly #timer = setInterval(() => this.#look(), 5)

  constructor() {
    // A timer that keeps nothing alive does not count as left behind.
    this.#timer.unref()
  }

  begin(): void {
    this.#longest = 0
    this.#last = process.cpuUsage()
  }

  end(): number {
    this.#look()
    return this.#longest
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    this.#longest = Math.max(this.#longest, milliseconds(process.cpuUsage(this.#last)))
    this.#last = process.cpuUsage()
  }
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}

/** What keeps the process alive, counted by kind: sockets, timers, calls of the file system. */
function openResources(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** Milliseconds in which what an input opened must be closed, on a busy machine too. */
const TIME_TO_CLOSE = 5000

async function settled(before: ReadonlyMap<string, number>): Promise<void> {
  const end = performance.now() + TIME_TO_CLOSE
  for (;;) {
    const left = [...openResources()].filter(([kind, count]) => count > (before.get(kind) ?? 0))
    if (left.length === 0) return
    if (performance.now() > end) {
      throw new Violation(`left open: ${left.map(([kind]) => kind).join(', ')}`)
    }
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
