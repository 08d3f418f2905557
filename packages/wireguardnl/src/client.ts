/**
 * Exports {@link NetlinkClient} alone, for programs that only read and configure devices.
 *
 * @packageDocumentation
 */
export { NetlinkClient } from 'wireguardnl'
