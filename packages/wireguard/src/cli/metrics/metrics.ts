import { collectMetrics } from '../../metrics.js'
import { readWhole, replaceFile } from '../../save/replace-file.js'
import { type Command, CommandError } from '../context.js'
import { withWireGuard } from '../interfaces.js'
import { readNames } from '../peer-names.js'
import { strerror } from '../strerror.js'
import { metricsRequest } from './arguments.js'

/** `metrics`: prints the metrics of all devices, writes them into a file, or serves them. */
export const metrics: Command = async (args, context) => {
  const request = metricsRequest(args)
  if (request.listen !== undefined) {
    const { serveMetrics } = await import('./serve.js')
    return await serveMetrics(request.listen, request, context)
  }
  const { format, profile, endpoints, output, confs } = request
  const names = await readNames(confs, context)
  const text = await withWireGuard(context, (wg) =>
    collectMetrics(wg, { format, profile, endpoints, names }),
  )
  if (output === undefined) await context.out.write(text)
  else await writeFile(output, text)
  return 0
}

/** Puts the text in the place of a file that other users may read, so that it is always whole. */
async function writeFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(await readWhole(path), text, 0o644)
  } catch (error) {
    throw new CommandError(`Unable to write ${path}: ${strerror(error)}`)
  }
}
