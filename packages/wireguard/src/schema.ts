/**
 * The zod schemas of device and peer configurations, for use in your own schemas. This module loads
 * zod.
 *
 * @packageDocumentation
 */
export {
  allowedIPSchema,
  deviceConfigSchema,
  deviceJSONSchema,
  endpointSchema,
  peerConfigSchema,
  peerJSONSchema,
  publicKeySchema,
  secretKeySchema,
} from 'wireguardcfg/schema'
