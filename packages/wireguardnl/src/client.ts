/**
 * Exports {@link NetlinkClient} alone, for programs that only read and configure devices: a third
 * of the code.
 *
 * @packageDocumentation
 */
export { NetlinkClient } from './wireguard/client.js'
