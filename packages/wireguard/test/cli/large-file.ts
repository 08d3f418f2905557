import { formatConf, confFromConfig } from 'wireguardcfg/conf'
import { privateKeyOf, samplePeers } from '../../../../test-fixtures/sample.js'

/** A file with many peers. */
export function generatedDeviceFile(peers: number): string {
  return formatConf(
    confFromConfig({
      privateKey: privateKeyOf(1),
      listenPort: 51850,
      firewallMark: 0x2a,
      replacePeers: true,
      peers: samplePeers(peers),
    }),
  )
}
