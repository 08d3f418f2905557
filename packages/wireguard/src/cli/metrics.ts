import { parseArgs } from 'node:util'
import { collectMetrics, peerNames } from '../metrics.js'
import type { MetricsFormat, MetricsProfile } from '../metrics.js'
import { readWhole, replaceFile } from '../save/replace-file.js'
import { type Command, CommandError, UsageError } from './context.js'
import { readInput } from './input.js'
import { withWireGuard } from './interfaces.js'
import { strerror } from './strerror.js'

const FORMATS: readonly MetricsFormat[] = ['prometheus', 'openmetrics']
const PROFILES: readonly MetricsProfile[] = ['default', 'mindflavor', 'all']

/** `metrics`: prints the metrics of all devices, or writes them into a file at once. */
export const metrics: Command = async (args, context) => {
  const { format, profile, endpoints, output, confs } = readArguments(args)
  const texts: string[] = []
  for (const path of confs) texts.push(await readInput(path, context))
  const names = peerNames(...texts)
  const text = await withWireGuard(context, (wg) =>
    collectMetrics(wg, { format, profile, endpoints, names }),
  )
  if (output === undefined) await context.out.write(text)
  else await writeFile(output, text)
  return 0
}

function readArguments(args: readonly string[]) {
  const { values, positionals } = parse(args)
  const format = FORMATS.find((one) => one === (values.format ?? 'prometheus'))
  const profile = PROFILES.find((one) => one === (values.profile ?? 'default'))
  if (format === undefined) throw new UsageError('--format: expected prometheus or openmetrics')
  if (profile === undefined) throw new UsageError('--profile: expected default, mindflavor or all')
  if (positionals.length > 0) throw new UsageError('')
  const { endpoints = false, output, conf: confs = [] } = values
  return { format, profile, endpoints, output, confs }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        profile: { type: 'string' },
        endpoints: { type: 'boolean' },
        output: { type: 'string' },
        conf: { type: 'string', multiple: true },
      },
    })
  } catch (error) {
    // Not by `instanceof`: errors of Node's core may come from another realm.
    const isError = typeof error === 'object' && error !== null && 'message' in error
    throw new UsageError(isError ? String(error.message).split('.', 1)[0]! : '')
  }
}

/** Puts the text in the place of a file that other users may read, so that it is always whole. */
async function writeFile(path: string, text: string): Promise<void> {
  try {
    await replaceFile(await readWhole(path), text, 0o644)
  } catch (error) {
    throw new CommandError(`Unable to write ${path}: ${strerror(error)}`)
  }
}
