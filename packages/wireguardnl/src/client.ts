/**
 * {@link NetlinkClient} alone: a third of the code, for programs that only read and configure
 * devices.
 *
 * @packageDocumentation
 */
export { NetlinkClient } from './wireguard/client.js'
