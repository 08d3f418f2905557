import { formatEndpoint, type WireGuardError } from 'wireguardcfg'
import { type Command, type CommandContext, UsageError } from './context.js'
import { ending } from './ending.js'
import { readInput } from './input.js'
import { checkedName, withWireGuard } from './interfaces.js'

/**
 * `keep`: looks the host names of a file up again while their peers are overdue, until a signal
 * ends it.
 */
export const keep: Command = async (args, context) => {
  const [given, path = `/etc/wireguard/${given}.conf`, ...rest] = args
  if (given === undefined || rest.length > 0) throw new UsageError('')
  const name = checkedName(given)
  const text = await readInput(path, context, { replaces: true })
  return await withWireGuard(context, async (wg) => {
    const keeper = wg.keepEndpoints(name, text, {
      onUpdate: ({ publicKey, host, after }) =>
        void context.out.write(`${publicKey} ${host} ${formatEndpoint(after)}\n`),
      onError: (error) => void print(error, context),
      lookup: context.streams.lookup,
    })
    await ending(context)
    await keeper.close()
    return 0
  })
}

async function print(error: WireGuardError, { err, program }: CommandContext): Promise<void> {
  const { describeFailure } = await import('./failure.js')
  await err.write(`${describeFailure(error, program)}\n`)
}
