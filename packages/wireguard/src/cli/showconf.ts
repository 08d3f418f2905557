import { formatConf, confFromDevice } from 'wireguardcfg/conf'
import { type Command, UsageError } from './context.js'
import { readInterface, withWireGuard } from './interfaces.js'

/** `showconf`: prints the configuration of an interface as a file, including secret keys. */
export const showconf: Command = (args, context) => {
  const [name, ...rest] = args
  if (name === undefined || rest.length > 0) throw new UsageError('')
  return withWireGuard(context, async (wg) => {
    await context.out.write(formatConf(confFromDevice(await readInterface(wg, name))))
    return 0
  })
}
