import type { ServerResponse } from 'node:http'
import { nextTurn } from 'wireguardcfg/internal'
import type { Scrape } from '../../metrics/families.js'
import type { CheckedMetricsOptions, MetricsFormat } from '../../metrics/options.js'
import { chunksOf } from '../../metrics/render.js'

/** So many texts are kept for clients that have not taken them yet. */
const MOST_TEXTS = 8

/** What the scrapes of a server have in common. */
export interface ScrapesRequest {
  /** Milliseconds for which a read is given to those who ask later. */
  readonly freshFor: number
  /** Reads all devices. */
  readonly read: () => Promise<Scrape>
  /** Returns the options for a text, of which the names may have changed. */
  readonly options: (format: MetricsFormat) => Promise<CheckedMetricsOptions>
}

/**
 * The scrapes of a server. Those that come during a read, or shortly after, share it and its texts,
 * and slow clients hold no more than a few texts in memory.
 */
export class Scrapes {
  readonly #request: ScrapesRequest
  /** The read that is going on, or has just ended. */
  #latest: Promise<Texts> | undefined
  /** The responses that are being sent, by what they send. The oldest is first. */
  readonly #sending = new Map<Texts, Set<ServerResponse>>()

  constructor(request: ScrapesRequest) {
    this.#request = request
  }

  /** Returns the metrics of now. */
  async text(format: MetricsFormat, response: ServerResponse): Promise<Buffer> {
    this.#latest ??= this.#read()
    const texts = await this.#latest
    this.#hold(texts, response)
    return await texts.get(format)
  }

  async #read(): Promise<Texts> {
    const { read, options, freshFor } = this.#request
    let keepFor = 0
    try {
      const scrape = await read()
      keepFor = freshFor
      return new Texts(async (format) => await inTurns(scrape, await options(format)))
    } finally {
      const forget = (): void => {
        this.#latest = undefined
      }
      if (keepFor === 0) forget()
      else setTimeout(forget, keepFor).unref()
    }
  }

  /** Ends the responses with the oldest text when too many are in memory. */
  #hold(texts: Texts, response: ServerResponse): void {
    // The client may have gone during the read.
    if (response.destroyed) return
    let responses = this.#sending.get(texts)
    if (responses === undefined) {
      responses = new Set()
      this.#sending.set(texts, responses)
    }
    responses.add(response)
    response.once('close', () => {
      responses.delete(response)
      if (responses.size === 0) this.#sending.delete(texts)
    })
    for (const [oldest, slow] of this.#sending) {
      if (this.#sending.size <= MOST_TEXTS) break
      this.#sending.delete(oldest)
      for (const one of slow) one.destroy()
    }
  }
}

/** The texts of one read, each made once. */
class Texts {
  readonly #render: (format: MetricsFormat) => Promise<Buffer>
  readonly #texts = new Map<MetricsFormat, Promise<Buffer>>()

  constructor(render: (format: MetricsFormat) => Promise<Buffer>) {
    this.#render = render
  }

  get(format: MetricsFormat): Promise<Buffer> {
    let text = this.#texts.get(format)
    if (text === undefined) {
      text = this.#render(format)
      this.#texts.set(format, text)
    }
    return text
  }
}

/** Renders a scrape, one metric of one device in each turn of the event loop. */
async function inTurns(scrape: Scrape, options: CheckedMetricsOptions): Promise<Buffer> {
  const chunks: Buffer[] = []
  for (const chunk of chunksOf(scrape, options)) {
    chunks.push(Buffer.from(chunk))
    await nextTurn()
  }
  return Buffer.concat(chunks)
}
