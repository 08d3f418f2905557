import type { Command } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { quickRequest } from './arguments.js'

/** `save`: saves an interface in its file. */
export const save: Command = async (args, context) => {
  const { name, path } = quickRequest(args, [])
  return await withWireGuard(context, async (wg) => {
    await wg.save(name, path, { resolve: { lookup: context.streams.lookup, retries: 0 } })
    return 0
  })
}
