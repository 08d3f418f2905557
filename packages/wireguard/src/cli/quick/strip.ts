import { stripConf } from 'wireguardcfg/conf'
import type { Command } from '../context.js'
import { readInput } from '../input.js'
import { quickRequest } from './arguments.js'

/** `strip`: prints a file without what is for wg-quick(8) alone. */
export const strip: Command = async (args, context) => {
  const { path } = quickRequest(args, [])
  await context.out.write(stripConf(await readInput(path, context)))
  return 0
}
