import { markChecked } from 'wireguardcfg/backend'
import { type Command, UsageError } from '../context.js'
import { lookUp } from '../endpoints.js'
import { checkedName, modifying, withWireGuard } from '../interfaces.js'
import { parseSet } from './arguments.js'
import { toConfigs } from './config.js'

/** `set`: changes an interface and its peers. */
export const set: Command = async (args, context) => {
  const [name, ...rest] = args
  if (name === undefined || rest.length === 0) throw new UsageError('')
  const request = await parseSet(rest, context)
  const names = request.peers.flatMap(({ endpoint }) => (endpoint?.isName ? endpoint : []))
  const texts = names.map(({ text }) => text)
  const configs = toConfigs(request, await lookUp(names, texts, request.retries, context))
  const checked = checkedName(name)
  return withWireGuard(context, async (wg) => {
    for (const config of configs) {
      await modifying(() => wg.configureDevice(checked, markChecked(config)))
    }
    return 0
  })
}
