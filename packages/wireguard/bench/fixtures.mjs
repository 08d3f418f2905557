import { WireGuard } from 'wireguard'
import { startDaemon } from './daemon.mjs'
import { PEERS, sampleConfig } from './sample.mjs'

/** What several cases measure on: made when it is first asked for, removed at the end. */
export class Fixtures {
  /** @type {import('./daemon.mjs').Daemon | undefined} */
  #daemon
  /** @type {Promise<string> | undefined} */
  #largeDevice

  /**
   * @returns {Promise<string>} the name of a real wireguard-go device with 10,000 peers
   */
  largeDevice() {
    return (this.#largeDevice ??= this.#makeLargeDevice())
  }

  /** Ends what was started. */
  async close() {
    await this.#daemon?.stop()
  }

  async #makeLargeDevice() {
    this.#daemon = await startDaemon()
    const wg = await WireGuard.open({ backends: ['userspace'] })
    await wg.configureDevice(this.#daemon.name, sampleConfig(PEERS))
    await wg.close()
    return this.#daemon.name
  }
}
