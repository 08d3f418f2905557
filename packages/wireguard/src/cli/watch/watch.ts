import { type Command, UsageError } from '../context.js'
import { checkedName, withWireGuard } from '../interfaces.js'
import { parseOptions } from '../options.js'
import { readNames } from '../peer-names.js'
import { printEvents } from './json-lines.js'
import { PeerNames } from './names.js'
import { showView, terminalOf } from './view.js'

/** `watch`: shows interfaces and peers on a terminal as they change, or prints events as JSON. */
export const watch: Command = async (args, context) => {
  const { isJSON, traffic, confs, devices, interval } = readArguments(args)
  const names = new PeerNames(await readNames(confs, context), context)
  const terminal = isJSON ? undefined : terminalOf(context)
  await withWireGuard(context, (wg) =>
    terminal === undefined
      ? printEvents(wg, { devices, names, traffic, interval }, context)
      : showView(wg, terminal, { devices, names }, context),
  )
  return 0
}

function readArguments(args: readonly string[]) {
  const { values, positionals } = parseOptions(args, {
    json: { type: 'boolean' },
    traffic: { type: 'boolean' },
    conf: { type: 'string', multiple: true },
    interval: { type: 'string' },
  })
  const { json: isJSON = false, traffic = false, conf: confs = [] } = values
  const seconds = values.interval === undefined ? undefined : Number(values.interval)
  if (seconds !== undefined && !(seconds >= 0.1 && seconds <= 86_400)) {
    throw new UsageError('--interval: expected seconds from 0.1 to 86400')
  }
  const interval = seconds === undefined ? undefined : seconds * 1000
  const devices = positionals.length === 0 ? undefined : positionals.map(checkedName)
  return { isJSON, traffic, confs, devices, interval }
}
