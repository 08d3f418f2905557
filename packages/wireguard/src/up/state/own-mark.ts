import type { Network } from '../../network.js'
import { StateFolder } from './state-folder.js'

/** Whether `up` has chosen the mark of a device, so that it does not belong into a file. */
export async function ownMark(
  network: Network,
  stateDirectory: string,
  name: string,
): Promise<boolean> {
  const folder = await StateFolder.find(network, stateDirectory)
  return folder?.read(name)?.hasOwnMark === true
}
