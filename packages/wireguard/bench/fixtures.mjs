import { WireGuard } from 'wireguard'
import { startDaemon } from './daemon.mjs'
import { addInterface } from './interfaces.mjs'
import { PEERS, sampleConfig } from './sample.mjs'

/** The devices that several cases share. The first use creates them, `close()` removes them. */
export class Fixtures {
  /** @type {import('./daemon.mjs').Daemon | undefined} */
  #daemon
  /** @type {Promise<string> | undefined} */
  #largeDevice
  /** @type {Promise<string> | undefined} */
  #largeKernelDevice

  /**
   * @returns {Promise<string>} the name of a real wireguard-go device with 10,000 peers
   */
  largeDevice() {
    return (this.#largeDevice ??= this.#makeLargeDevice())
  }

  /**
   * @returns {Promise<string>} the name of a kernel device with 10,000 peers
   */
  largeKernelDevice() {
    return (this.#largeKernelDevice ??= this.#makeLargeKernelDevice())
  }

  /** Ends the daemon. */
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

  async #makeLargeKernelDevice() {
    const name = addInterface()
    const wg = await WireGuard.open({ backends: ['kernel'] })
    await wg.configureDevice(name, sampleConfig(PEERS))
    await wg.close()
    return name
  }
}
