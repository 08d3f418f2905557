import type { Device } from 'wireguardcfg'
import type { Command, CommandContext } from '../context.js'
import { interfaceNames, readInterface, readEach, withWireGuard } from '../interfaces.js'
import { knownField, parseShow, type ShowRequest } from './arguments.js'

/** `show`: prints the configuration and the state of interfaces and peers. */
export const show: Command = (args, context) => {
  const request = parseShow(args)
  return withWireGuard(context, async (wg) => {
    if (request.json) return (await import('./json.js')).showJson(wg, request, context)
    if (request.what === 'interfaces') {
      const names = await interfaceNames(context)
      if (names.length > 0) await context.out.write(`${names.join(' ')}\n`)
      return 0
    }
    const format = await formatter(request, context)
    if (request.what === 'one') {
      await writeAll(format(await readInterface(wg, request.name)), context)
      return 0
    }
    const names = await interfaceNames(context)
    let read = 0
    for await (const { device, isLast } of readEach(wg, names, context)) {
      read++
      await writeAll(format(device), context)
      if (request.field === undefined && !isLast) await context.out.write('\n')
    }
    // As wg(8), fail only if no interface could be read.
    return read > 0 || names.length === 0 ? 0 : 1
  })
}

/** Formats one device as text, in pieces. */
type Formatter = (device: Device) => Iterable<string>

async function formatter(request: ShowRequest, { streams }: CommandContext): Promise<Formatter> {
  const { field } = request
  if (field === undefined) {
    const { formatPretty } = await import('./pretty.js')
    const { terminal } = await import('../terminal.js')
    const showsKeys = request.reveal || streams.env['WG_HIDE_KEYS'] === 'never'
    return (device) => formatPretty(device, { terminal: terminal(streams), showsKeys })
  }
  const { formatField } = await import('./field.js')
  return (device) => formatField(device, knownField(field), request.what === 'all')
}

async function writeAll(pieces: Iterable<string>, { out }: CommandContext): Promise<void> {
  for (const piece of pieces) await out.write(piece)
}
