/**
 * The zod schemas of everything that is written, for your own request bodies. Importing this module
 * loads zod.
 *
 * @packageDocumentation
 */
export {
  allowedIPSchema,
  deviceConfigSchema,
  endpointSchema,
  peerConfigSchema,
  publicKeySchema,
  secretKeySchema,
} from 'wireguardcfg/schema'
