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
    const print = await printer(request, context)
    if (request.what === 'one') {
      await print(await readInterface(wg, request.name))
      return 0
    }
    const names = await interfaceNames(context)
    let read = 0
    for await (const { device, isLast } of readEach(wg, names, context)) {
      read++
      await print(device)
      if (request.field === undefined && !isLast) await context.out.write('\n')
    }
    // As wg(8), fail only if no interface could be read.
    return read > 0 || names.length === 0 ? 0 : 1
  })
}

/** Prints one device as text. */
type Printer = (device: Device) => Promise<void>

async function printer(request: ShowRequest, { streams, out }: CommandContext): Promise<Printer> {
  const { field } = request
  if (field === undefined) {
    const { formatPretty } = await import('./pretty.js')
    const { terminal } = await import('../terminal.js')
    const showsKeys = request.reveal || streams.env['WG_HIDE_KEYS'] === 'never'
    return async (device) => {
      for (const piece of formatPretty(device, { terminal: terminal(streams), showsKeys })) {
        await out.writeStyled(piece)
      }
    }
  }
  const { formatField } = await import('./field.js')
  return async (device) => {
    const hasName = request.what === 'all'
    for (const piece of formatField(device, knownField(field), hasName)) await out.write(piece)
  }
}
