import { formatConf, fromDevice } from 'wireguardcfg/conf'
import { UsageError } from './command-error.js'
import type { Command } from './context.js'
import { readDevice, withWireGuard } from './interfaces.js'

/** `showconf`: an interface as the file that would make it, secret keys and all. */
export const showconf: Command = (args, context) => {
  const [name, ...rest] = args
  if (name === undefined || rest.length > 0) throw new UsageError('')
  return withWireGuard(context, async (wg) => {
    await context.out.write(formatConf(fromDevice(await readDevice(wg, name))))
    return 0
  })
}
