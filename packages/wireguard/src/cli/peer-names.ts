import type { PublicKey } from 'wireguardcfg'
import { peerNames } from '../metrics/collect.js'
import type { CommandContext } from './context.js'
import { readInput } from './input.js'

/** Reads the names of peers from `.conf` files. @throws CommandError, ConfError */
export async function readNames(
  paths: readonly string[],
  context: CommandContext,
): Promise<Map<PublicKey, string>> {
  const texts: string[] = []
  for (const path of paths) texts.push(await readInput(path, context))
  return peerNames(...texts)
}
